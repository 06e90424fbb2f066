/** The names that transformers gives the tensors of an encoder's layer. */
import type { Architecture } from './model-config.ts';

/** Each without its `.weight` and `.bias`. */
export interface LayerNames {
  readonly queryKeyValue: readonly string[];
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly intermediate: string;
  readonly output: string;
  readonly outputNorm: string;
}

export function layerNames(architecture: Architecture, layer: number): LayerNames {
  if (architecture === 'distilbert') {
    const prefix = `transformer.layer.${layer}`;
    return {
      queryKeyValue: ['q_lin', 'k_lin', 'v_lin'].map((part) => `${prefix}.attention.${part}`),
      attentionOutput: `${prefix}.attention.out_lin`,
      attentionNorm: `${prefix}.sa_layer_norm`,
      intermediate: `${prefix}.ffn.lin1`,
      output: `${prefix}.ffn.lin2`,
      outputNorm: `${prefix}.output_layer_norm`,
    };
  }
  const prefix = `encoder.layer.${layer}`;
  return {
    queryKeyValue: ['query', 'key', 'value'].map((part) => `${prefix}.attention.self.${part}`),
    attentionOutput: `${prefix}.attention.output.dense`,
    attentionNorm: `${prefix}.attention.output.LayerNorm`,
    intermediate: `${prefix}.intermediate.dense`,
    output: `${prefix}.output.dense`,
    outputNorm: `${prefix}.output.LayerNorm`,
  };
}
