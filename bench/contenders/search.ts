/** Cosimo's vector index: searches, and what fills and changes it. */
import { openSync, readSync } from 'node:fs';
import { createVectorIndex } from '../../src/index/vector-index.ts';
import type { NativeHits, NativeVectorIndex } from '../../src/native/binding.ts';
import { SPARE_ROWS } from '../data/data-set.ts';
import { type Random, seededRandom, shuffled } from '../data/random.ts';
import { type HitAnswers, serveRounds, type Work } from '../protocol.ts';
import { timedRound, warmUp } from './timed-round.ts';

/** The same that bench/peers/search_peer.py takes. */
interface SearchSpec {
  readonly operation: 'search' | 'build' | 'upsert' | 'delete';
  readonly vectors: string;
  readonly queries: string;
  readonly rows: number;
  readonly dimensions: number;
  readonly query_count: number;
  readonly top_k: number;
  readonly concurrency: number;
  readonly threads: number;
  readonly seed: number;
  readonly round_s: number;
  readonly warm_up_s: number;
}

const ROWS_AT_ONCE = 4096;
const ANSWERED_QUERIES = 64;
const WRITES_A_STEP = 64;
const DRAWN = 1 << 16;

const keyOf = (row: number) => row;

function readRows(path: string, first: number, rows: number, dimensions: number): Float32Array {
  const values = new Float32Array(rows * dimensions);
  const bytes = new Uint8Array(values.buffer);
  const file = openSync(path, 'r');
  // One call reads at most 2 GiB.
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, Math.min(1 << 30, bytes.length - done), first * dimensions * 4 + done);
    if (read === 0) throw new Error(`${path} is too short`);
    done += read;
  }
  return values;
}

const keysOf = (rows: number) => Float64Array.from({ length: rows }, (_, row) => keyOf(row));

function fill(index: NativeVectorIndex, dimensions: number, keys: Float64Array, vectors: Float32Array): void {
  for (let first = 0; first < keys.length; first += ROWS_AT_ONCE) {
    const last = Math.min(keys.length, first + ROWS_AT_ONCE);
    index.addMany(keys.subarray(first, last), vectors.subarray(first * dimensions, last * dimensions));
  }
}

function searching(spec: SearchSpec): Work {
  const { rows, dimensions, query_count, top_k, concurrency, threads, round_s } = spec;
  const queries = readRows(spec.queries, 0, query_count, dimensions);
  const queryAt = (i: number) => {
    const at = (i % query_count) * dimensions;
    return queries.subarray(at, at + dimensions);
  };
  const index = createVectorIndex(dimensions, threads);
  const keys = keysOf(rows);
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    // Read piece by piece: the matrix isn't in memory twice.
    const count = Math.min(ROWS_AT_ONCE, rows - first);
    index.addMany(keys.subarray(first, first + count), readRows(spec.vectors, first, count, dimensions));
  }
  const search = (i: number) => index.search(queryAt(i), top_k, -1);
  let next = 0;
  return {
    // As many clients, each of which asks again when it is answered, would do; a batch is what the peers take.
    round: () =>
      timedRound(round_s, async () => {
        const first = next;
        next = (next + concurrency) % query_count;
        await Promise.all(Array.from({ length: concurrency }, (_, i) => search(first + i)));
        return concurrency;
      }),
    async answers(): Promise<HitAnswers> {
      const hits: NativeHits[] = [];
      for (let first = 0; first < ANSWERED_QUERIES; first += concurrency) {
        const count = Math.min(concurrency, ANSWERED_QUERIES - first); // as many at once as were timed
        hits.push(...(await Promise.all(Array.from({ length: count }, (_, i) => search(first + i)))));
      }
      return { ids: hits.map(({ keys }) => [...keys]), scores: hits.map(({ scores }) => [...scores]) };
    },
    close: () => index.close(),
  };
}

/** Whole indexes; letting them go again isn't timed. */
function building({ vectors, rows, dimensions, threads, round_s }: SearchSpec): Work {
  const matrix = readRows(vectors, 0, rows, dimensions);
  const keys = keysOf(rows);
  return {
    round() {
      let built = 0;
      let elapsed_ms = 0;
      while (elapsed_ms < round_s * 1000) {
        const began_ms = performance.now();
        const index = createVectorIndex(dimensions, threads);
        fill(index, dimensions, keys, matrix);
        elapsed_ms += performance.now() - began_ms;
        index.close();
        built += rows;
      }
      return { value: (built / elapsed_ms) * 1000 };
    },
  };
}

/** Replaces the rows of random documents, one call each, as /index does for an id that is there. */
function upserting(spec: SearchSpec, random: Random): Work {
  const { rows, dimensions } = spec;
  const index = createVectorIndex(dimensions, spec.threads);
  fill(index, dimensions, keysOf(rows), readRows(spec.vectors, 0, rows, dimensions));
  const spare = readRows(spec.vectors, rows, SPARE_ROWS, dimensions);
  const keys = keysOf(rows);
  const drawn = Int32Array.from({ length: DRAWN }, () => random.integer(rows)); // drawing takes as long as some writes
  let next = rows;
  return {
    round: () =>
      timedRound(spec.round_s, () => {
        for (let i = 0; i < WRITES_A_STEP; i += 1) {
          const row = drawn[next % DRAWN] as number;
          const from = (next % SPARE_ROWS) * dimensions;
          index.replace(keys[row] as number, keyOf(next), spare.subarray(from, from + dimensions));
          keys[row] = keyOf(next);
          next += 1;
        }
        return WRITES_A_STEP;
      }),
    close: () => index.close(),
  };
}

/** Removes random rows; what was removed comes back, untimed, once half are gone. */
function deleting(spec: SearchSpec, random: Random): Work {
  const { rows, dimensions } = spec;
  const vectors = readRows(spec.vectors, 0, rows, dimensions);
  let index = createVectorIndex(dimensions, spec.threads);
  let live: number[] = [];
  const refill = () => {
    index.close();
    index = createVectorIndex(dimensions, spec.threads);
    fill(index, dimensions, keysOf(rows), vectors);
    live = shuffled([...keysOf(rows)], random);
  };
  refill();
  return {
    round() {
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
      return { value: (removed / elapsed_ms) * 1000 };
    },
    close: () => index.close(),
  };
}

await serveRounds<SearchSpec>(async (spec) => {
  const random = seededRandom(spec.seed);
  const work = {
    search: () => searching(spec),
    build: () => building(spec),
    upsert: () => upserting(spec, random),
    delete: () => deleting(spec, random),
  }[spec.operation]();
  await warmUp(spec.warm_up_s, work.round);
  return work;
});
