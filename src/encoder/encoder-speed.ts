/** How fast encoders are, measured before they serve. */
import type { Encoder } from './encoder.ts';

export interface EncoderSpeed {
  /** Speed of all encoders together. */
  readonly tokensPerMs: number;
  /** What one inference costs besides its tokens, counted in tokens. */
  readonly overheadTokens: number;
}

export interface TextSample {
  /** Token ids of any text: the cost of an inference doesn't depend on its words. */
  readonly ids: Int32Array;
  /** The model sees at most this many tokens of a text. */
  readonly maxTokens: number;
}

const TEXTS = 16;
const TOKENS = 32;
const SHORT_TOKENS = 8;
const SHORT_RUNS = 5;

/**
 * Measures batches of sentences on all encoders at once, then short texts one at a time on the first encoder.
 * @param least_ms batches are measured for at least this time, after one that warms up
 * @throws CosimoError what encoding throws
 */
export async function measureSpeed(
  encoders: readonly Encoder[],
  sample: TextSample,
  least_ms: number,
): Promise<EncoderSpeed> {
  const batch = Array.from({ length: TEXTS }, () => repeated(sample, TOKENS));
  const batchTokens = batch.reduce((sum, { length }) => sum + length, 0);
  const rates = await Promise.all(
    encoders.map(async (encoder) => {
      await encoder.encode(batch);
      let runs = 0;
      const began_ms = performance.now();
      for (let elapsed_ms = 0; elapsed_ms < least_ms; elapsed_ms = performance.now() - began_ms) {
        await encoder.encode(batch);
        runs += 1;
      }
      return (runs * batchTokens) / (performance.now() - began_ms);
    }),
  );
  const first = encoders[0] as Encoder;
  const short = repeated(sample, SHORT_TOKENS);
  let shortest_ms = Number.POSITIVE_INFINITY;
  for (let run = 0; run < SHORT_RUNS; run += 1) {
    const began_ms = performance.now();
    await first.encode([short]);
    shortest_ms = Math.min(shortest_ms, performance.now() - began_ms);
  }
  return {
    tokensPerMs: rates.reduce((sum, rate) => sum + rate, 0),
    overheadTokens: Math.max(0, shortest_ms * (rates[0] as number) - short.length),
  };
}

function repeated({ ids, maxTokens }: TextSample, count: number): Int32Array {
  return Int32Array.from({ length: Math.min(count, maxTokens) }, (_, at) => ids[at % ids.length] as number);
}
