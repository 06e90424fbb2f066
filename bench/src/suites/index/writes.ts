/** Trials that fill or change an index, and of searches while it changes. */

import { vectorFiles } from '../../data/data-set.ts';
import type { Contender, SuiteOptions, Trial } from '../../trial/trial.ts';
import { copyAndQuantize, cosimo, peers, specOf, vectorSet, type WorkSpec } from './contenders.ts';

export const ROWS = [10_000, 100_000, 1_000_000];
export const QUICK_ROWS = 1000;
const UPSERTS_PER_S = 1000;
/** Enough to be rotated, and a tenth of what comes later. */
const EARLIER_ROWS = 100_000;

const UNITS = { build: 'rows/s', upsert: 'upserts/s', delete: 'deletes/s' };
const GROUPS = {
  build: 'Build from memory, beside a plain copy',
  upsert: 'Upsert, delete (one call each)',
  delete: 'Upsert, delete (one call each)',
};

export function writeTrials(options: SuiteOptions): Trial[] {
  return (options.quick ? [QUICK_ROWS] : ROWS).flatMap((rows) =>
    (['build', 'upsert', 'delete'] as const).map((operation) => {
      const threads = options.threads.at(-1) as number;
      const set = vectorSet('gaussian', rows, options);
      const spec = { ...specOf(set, options), operation, top_k: 10, concurrency: 1, threads };
      const limits = operation === 'build' ? [copyAndQuantize(spec, options)] : [];
      return {
        id: `${operation} rows=${rows}`,
        group: GROUPS[operation],
        parameters: { operation, rows, threads },
        unit: UNITS[operation],
        better: 'higher' as const,
        data: [set],
        contenders: [cosimo(spec), ...limits, ...peers(spec)],
      };
    }),
  );
}

/** One client searches while documents are replaced at a fixed rate; the reference is the same client while none are. */
export function searchDuringUpsertsTrials(options: SuiteOptions): Trial[] {
  const rows = options.quick ? QUICK_ROWS : (ROWS.at(-1) as number);
  const threads = options.threads.at(-1) as number;
  const set = vectorSet('gaussian', rows, options);
  const spec = {
    ...specOf(set, options),
    operation: 'search-beside-upserts',
    top_k: 10,
    concurrency: 1,
    threads,
    round_s: options.quick ? 0.05 : 3,
  };
  return [
    {
      id: `search beside upserts rows=${rows}`,
      group: 'Search beside upserts: 99th percentile of the latency, one client',
      parameters: { operation: 'search beside upserts', rows, threads },
      unit: 'ms',
      better: 'lower',
      data: [set],
      contenders: [upserting(spec, 'while upserting'), cosimo(spec, 'quiet')],
    },
  ];
}

/**
 * The same while rotations are replaced: an index of clustered rows, coded by their rotation, has got many more rows, of sentences. The
 * reference has the same rows and has been at rest.
 */
export function searchDuringRotationTrials(options: SuiteOptions): Trial[] {
  if (options.quick) return [];
  const rows = ROWS.at(-1) as number;
  const threads = options.threads.at(-1) as number;
  const set = vectorSet('documentation', rows, options);
  const earlierSet = vectorSet('clustered', EARLIER_ROWS, options);
  const spec = {
    ...specOf(set, options),
    earlier: { vectors: vectorFiles(earlierSet).vectors, rows: EARLIER_ROWS },
    top_k: 10,
    concurrency: 1,
    threads,
    round_s: 3,
    warm_up_s: 0,
  };
  return [
    {
      id: `search beside a new rotation rows=${rows}`,
      group: 'Search beside upserts while rotations are replaced: 99th percentile of the latency, one client',
      parameters: { operation: 'search beside a new rotation', rows, threads },
      unit: 'ms',
      better: 'lower',
      data: [set, earlierSet],
      contenders: [
        upserting({ ...spec, operation: 'search-beside-rotation' }, 'while rotating and upserting'),
        cosimo({ ...spec, operation: 'search-beside-upserts' }, 'quiet'),
      ],
    },
  ];
}

/** The subject of a trial of searches beside upserts. */
function upserting(spec: WorkSpec, name: string): Contender {
  const own = { ...spec, upserts_per_s: UPSERTS_PER_S };
  return { ...cosimo(own, `${name} ${UPSERTS_PER_S.toLocaleString('en')}/s`), role: 'subject' };
}
