/** A model, read from its folder once at start and then handed to every part and thread that needs to know it. */
import { type ModelConfig, readModelConfig } from './model-config.ts';
import { readWeights, type Weights } from './weights.ts';

/** Clonable: worker threads get it among their options. */
export interface Model {
  /** Absolute path of the folder with weights and tokenizer. */
  readonly dir: string;
  readonly config: ModelConfig;
  readonly weights: Weights;
}

/**
 * @param config what has been read of the folder already
 * @throws CosimoError `model_invalid`, a sentence that names the file and its fault
 */
export async function readModel(dir: string, config?: ModelConfig): Promise<Model> {
  return { dir, config: config ?? (await readModelConfig(dir)), weights: await readWeights(dir) };
}
