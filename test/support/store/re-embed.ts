/** Re-embedding with a stand-in for a model. It imports no test runner, because other processes load it too. */
import { createHash } from 'node:crypto';
import { type ReembedOptions, type ReembedOutcome, reembed } from '../../../src/store/lmdb/re-embed.ts';

/** A stand-in for a model: its vectors are digests of its name and the text. */
export interface DigestModel {
  readonly name: string;
  readonly dimensions: number;
}

export const vectorOf = ({ name, dimensions }: DigestModel, text: string): Float32Array => {
  const digest = createHash('sha256').update(`${name}\0${text}`).digest();
  return Float32Array.from({ length: dimensions }, (_, at) => (digest[at % digest.length] as number) / 256);
};

export interface Reembed {
  readonly outcome: ReembedOutcome;
  /** Documents that an earlier run had encoded. */
  readonly done: number;
  /** The texts of each call of `encode`. */
  readonly batches: number[];
}

/** Re-embeds in this process. */
export async function reembedWith(
  dir: string,
  model: DigestModel,
  more: Partial<ReembedOptions> = {},
): Promise<Reembed> {
  const batches: number[] = [];
  let done = 0;
  const outcome = await reembed({
    dir,
    fingerprint: model.name,
    modelName: `org/${model.name}`,
    batchDocuments: 4,
    progress: { start: (plan) => (done = plan.done), advance() {} },
    async encode(texts) {
      batches.push(texts.length);
      return texts.map((text) => vectorOf(model, text));
    },
    ...more,
  });
  return { outcome, done, batches };
}
