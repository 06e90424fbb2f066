/** Rounds that fill or change an index. */
import type { VectorIndex } from '../../../../src/index/vector-index.ts';
import { SPARE_ROWS } from '../../data/data-set.ts';
import { type Random, shuffled } from '../../data/random.ts';
import type { Work } from '../../trial/protocol.ts';
import { timedRound } from '../timed-round.ts';
import {
  fill,
  filledIndex,
  keyOf,
  keysOf,
  newIndex,
  readRows,
  type SearchSpec,
  waitUntilAtRest,
} from './search-index.ts';

const WRITES_A_STEP = 64;
const DRAWN = 1 << 16;

/**
 * Builds whole indexes. Freeing them isn't timed. Neither is the first build of a round: a virtual machine's host may have
 * taken the memory back since the last round, and getting it again takes longer than building.
 */
export function buildWork(spec: SearchSpec): Work {
  const { vectors, rows, dimensions, round_s } = spec;
  const matrix = readRows(vectors, 0, rows, dimensions);
  const keys = keysOf(rows);
  return {
    round() {
      const build_ms = () => {
        const began_ms = performance.now();
        const index = newIndex(spec);
        fill(index, keys, matrix);
        const built_ms = performance.now() - began_ms;
        index.close();
        return built_ms;
      };
      build_ms();
      let built = 0;
      let elapsed_ms = 0;
      for (; elapsed_ms < round_s * 1000; built += rows) elapsed_ms += build_ms();
      return { value: (built / elapsed_ms) * 1000 };
    },
  };
}

/** Each call replaces the row of a random document, as /index does for an id that is there. */
export function replacements(index: VectorIndex, spec: SearchSpec, random: Random): () => void {
  const { rows, dimensions } = spec;
  const spare = readRows(spec.vectors, rows, SPARE_ROWS, dimensions);
  const keys = keysOf(rows);
  const drawn = Int32Array.from({ length: DRAWN }, () => random.integer(rows)); // drawing takes as long as some writes
  let next = rows;
  return () => {
    const row = drawn[next % DRAWN] as number;
    const from = (next % SPARE_ROWS) * dimensions;
    index.replace(keys[row] as number, keyOf(next), spare.subarray(from, from + dimensions));
    keys[row] = keyOf(next);
    next += 1;
  };
}

/** Upserts documents, one in each call. */
export async function upsertWork(spec: SearchSpec, random: Random): Promise<Work> {
  const index = await filledIndex(spec);
  const replaceNext = replacements(index, spec, random);
  return {
    async round() {
      const round = await timedRound(spec.round_s, () => {
        for (let i = 0; i < WRITES_A_STEP; i += 1) replaceNext();
        return WRITES_A_STEP;
      });
      await waitUntilAtRest(index);
      return round;
    },
    close: () => index.close(),
  };
}

/** Deletes random rows. Once half are gone they are added again, untimed. */
export async function deleteWork(spec: SearchSpec, random: Random): Promise<Work> {
  const { rows, dimensions } = spec;
  const vectors = readRows(spec.vectors, 0, rows, dimensions);
  let index = newIndex(spec);
  let live: number[] = [];
  const refill = () => {
    index.close();
    index = newIndex(spec);
    fill(index, keysOf(rows), vectors);
    live = shuffled([...keysOf(rows)], random);
  };
  refill();
  return {
    async round() {
      let removed = 0;
      let elapsed_ms = 0;
      while (elapsed_ms < spec.round_s * 1000) {
        if (live.length < rows / 2) refill();
        const keys = live.splice(-WRITES_A_STEP);
        const began_ms = performance.now();
        for (const key of keys) index.remove(key);
        elapsed_ms += performance.now() - began_ms;
        removed += WRITES_A_STEP;
      }
      await waitUntilAtRest(index);
      return { value: (removed / elapsed_ms) * 1000 };
    },
    close: () => index.close(),
  };
}
