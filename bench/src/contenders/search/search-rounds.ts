/** Rounds of searches: several at once, one after another, and during upserts. */
import type { VectorIndex } from '../../../../src/index/vector-index.ts';
import type { NativeHits, NativeIndexStatistics } from '../../../../src/native/binding.ts';
import type { Random } from '../../data/random.ts';
import type { HitAnswers, Round, Work } from '../../trial/protocol.ts';
import { latencyRound, timedRound } from '../timed-round.ts';
import { callAtRate } from './call-at-rate.ts';
import {
  filledIndex,
  fillFromFile,
  indexOfEarlierRows,
  keysOf,
  readRows,
  type SearchSpec,
  waitUntilAtRest,
} from './search-index.ts';
import { replacements } from './write-rounds.ts';

const ANSWERED_QUERIES = 64;

/** Searches for query `i` of the file, which repeats from its start. */
function searcher(index: VectorIndex, spec: SearchSpec): (i: number) => Promise<NativeHits> {
  const { query_count, dimensions, top_k } = spec;
  const queries = readRows(spec.queries, 0, query_count, dimensions);
  return (i) => {
    const at = (i % query_count) * dimensions;
    return index.search(queries.subarray(at, at + dimensions), top_k, -1);
  };
}

/** One client's searches: each call is the next query of the file. */
function nextSearcher(index: VectorIndex, spec: SearchSpec): () => Promise<NativeHits> {
  const search = searcher(index, spec);
  let next = 0;
  return () => {
    next += 1;
    return search(next);
  };
}

export async function searchWork(spec: SearchSpec): Promise<Work> {
  const { query_count, concurrency, round_s, in_a_row = false } = spec;
  const index = await filledIndex(spec);
  const search = searcher(index, spec);

  // Whole batches one after another, as the peers search, not clients in a closed loop.
  async function searches(first: number, count: number): Promise<NativeHits[]> {
    const numbers = Array.from({ length: count }, (_, i) => first + i);
    if (!in_a_row) return Promise.all(numbers.map(search));
    const hits: NativeHits[] = [];
    for (const i of numbers) hits.push(await search(i));
    return hits;
  }

  let next = 0;
  return {
    async round(): Promise<Round> {
      const before = index.statistics();
      const { value } = await timedRound(round_s, async () => {
        const first = next;
        next = (next + concurrency) % query_count;
        await searches(first, concurrency);
        return concurrency;
      });
      const after = index.statistics();
      const read_bytes = after.readBytes - before.readBytes;
      return {
        value,
        extra: {
          ...readingOf(before, after),
          read_bytes_per_row: read_bytes / (after.scans - before.scans) / spec.rows,
          read_gb_per_s: ((read_bytes / (after.searches - before.searches)) * value) / 1e9,
        },
      };
    },
    async answers(): Promise<HitAnswers> {
      const hits: NativeHits[] = [];
      for (let first = 0; first < ANSWERED_QUERIES; first += concurrency) {
        const count = Math.min(concurrency, ANSWERED_QUERIES - first); // as many at once as in a timed round
        hits.push(...(await searches(first, count)));
      }
      return { ids: hits.map(({ keys }) => [...keys]), scores: hits.map(({ scores }) => [...scores]) };
    },
    close: () => index.close(),
  };
}

type CountedRows =
  | 'planeRows'
  | 'planeRowsPassed'
  | 'byteRows'
  | 'headRows'
  | 'headRowsPassed'
  | 'recordRowsPassed'
  | 'scoredRows';

/** Further figures of a round: searches per scan, rows scored per search, and how rows were bounded. */
function readingOf(before: NativeIndexStatistics, after: NativeIndexStatistics): Record<string, number> {
  const count = (name: CountedRows | 'searches' | 'scans') => after[name] - before[name];
  const [searches, planeRows, headRows] = [count('searches'), count('planeRows'), count('headRows')];
  return {
    searches_per_scan: searches / count('scans'),
    scored_rows_per_search: count('scoredRows') / searches,
    planes_first_rate: planeRows / Math.max(1, planeRows + count('byteRows') + headRows),
    rotated_rate: headRows / Math.max(1, planeRows + count('byteRows') + headRows),
    ...(planeRows > 0 && { planes_passed_rate: count('planeRowsPassed') / planeRows }),
    ...(headRows > 0 && {
      heads_passed_rate: count('headRowsPassed') / headRows,
      records_passed_rate: count('recordRowsPassed') / headRows,
      head_dimensions: after.headDimensions,
    }),
  };
}

/** One client in a closed loop, with or without writes at a fixed rate in the same process. */
export async function searchBesideUpsertsWork(spec: SearchSpec, random: Random): Promise<Work> {
  const index = await filledIndex(spec);
  const searchNext = nextSearcher(index, spec);
  const replaceNext = replacements(index, spec, random);
  const searches = () => latencyRound(spec.round_s, searchNext);
  return {
    async round(): Promise<Round> {
      if (spec.upserts_per_s === undefined) return searches();
      const pace = callAtRate(spec.upserts_per_s, replaceNext);
      const { value, extra } = await searches();
      const upserts_per_s = pace.stop();
      await waitUntilAtRest(index);
      return { value, extra: { ...extra, upserts_per_s } };
    },
    close: () => index.close(),
  };
}

/**
 * The same client while most rows are new and of another kind than the earlier ones: rotations are learned and all rows are coded again,
 * beside searches and writes. A round begins with a new index and lasts until this is done.
 */
export function searchBesideRotationWork(spec: SearchSpec, random: Random): Work {
  const { rows, vectors, round_s, upserts_per_s = 0 } = spec;
  return {
    async round(): Promise<Round> {
      const index = await indexOfEarlierRows(spec);
      const rotationsBefore = index.statistics().rotations;
      fillFromFile(index, keysOf(rows), vectors);
      const searchNext = nextSearcher(index, spec);
      const pace = callAtRate(upserts_per_s, replacements(index, spec, random));
      try {
        const { value, extra } = await latencyRound(round_s, searchNext, () => index.statistics().isRotating);
        const after = index.statistics();
        const rotations = after.rotations - rotationsBefore;
        if (rotationsBefore === 0 || rotations === 0) throw new Error('no rotation was replaced during the round');
        const coded_rate = after.rotatedRows / (after.rows + after.deadRows);
        return { value, extra: { ...extra, upserts_per_s: pace.stop(), rotations, coded_rate } };
      } finally {
        pace.stop();
        index.close();
      }
    },
  };
}
