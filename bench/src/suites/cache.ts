/** The embedding cache: used from JavaScript, beside a Map and lru-cache; its hit rates and memory; shared by threads in C++. */
import { pathOf, type TraceSet } from '../data/data-set.ts';
import { ZIPF_EXPONENT } from '../data/traces.ts';
import type { Contender, Suite, SuiteOptions, Trial } from '../trial/trial.ts';

const DIMENSIONS = 384;
const ENTRIES = 20_000;
const QUICK_ENTRIES = 500;
const OPERATIONS = ['hit', 'miss', 'mixed', 'zipf'] as const;
/** Entries of the caches whose hit rates are compared. */
const KEPT_ENTRIES = 5000;
const QUICK_KEPT_ENTRIES = 200;
/** Entries of the cache whose memory is measured: some 500 MB. */
const MANY_ENTRIES = 300_000;
const BODY_TEXTS = 100;

export const cache: Suite = {
  name: 'cache',
  summary:
    'look-ups a second: hits, misses, nine reads to a write, Zipf; from JavaScript, and by threads; hit rates; memory; ' +
    'bodies of answers',
  trials: (options) => [
    ...javascriptTrials(options),
    ...hitRateTrials(options),
    bodyTrial(options),
    copyTrial(options),
    ...threadTrials(options),
    memoryTrial(options),
  ],
  charts: [
    {
      name: 'lookups',
      title: 'Embedding cache: look-ups a second from JavaScript',
      where: { from: 'JavaScript' },
      kind: { type: 'bars', axis: 'linear' },
    },
  ],
};

function javascriptTrials({ quick, seed }: SuiteOptions): Trial[] {
  const entries = quick ? QUICK_ENTRIES : ENTRIES;
  return OPERATIONS.map((operation) => {
    const set: TraceSet = { kind: 'trace', operation, entries, seed };
    const spec = {
      operation,
      trace: pathOf(set),
      entries,
      dimensions: DIMENSIONS,
      round_s: quick ? 0.05 : 0.4,
      warm_up_s: quick ? 0 : 0.4,
    };
    const peer = (name: string, peer: string): Contender => ({
      name,
      role: 'peer',
      program: { kind: 'node-peer', file: 'cache_node.mjs', spec: { ...spec, peer } },
    });
    return {
      id: `${operation} JavaScript entries=${entries}`,
      group: 'From JavaScript, one thread, each hit a copy of 384 floats',
      parameters: { from: 'JavaScript', operation, entries },
      unit: 'look-ups/s',
      better: 'higher',
      data: [set],
      contenders: [
        { name: 'Cosimo', role: 'subject', program: { kind: 'node', file: 'cache/cache.ts', spec } },
        peer('Map, unbounded', 'map'),
        peer('lru-cache', 'lru-cache'),
      ],
    };
  });
}

/** Hit rates of caches with the same capacity in bytes. */
function hitRateTrials({ quick, seed }: SuiteOptions): Trial[] {
  const entries = quick ? QUICK_KEPT_ENTRIES : KEPT_ENTRIES;
  return (['zipf-1', 'scans'] as const).map((operation) => {
    const set: TraceSet = { kind: 'trace', operation, entries, seed };
    const spec = { operation, trace: pathOf(set), entries, dimensions: DIMENSIONS, hit_rate: true };
    return {
      id: `hit rate ${operation} entries=${entries}`,
      group: 'Hits among 100 look-ups, at the same bytes (Zipf exponent 1.0; with bulk ingests between)',
      parameters: { hit_rate: operation, entries },
      unit: 'hits/100',
      better: 'higher',
      data: [set],
      contenders: [
        { name: 'Cosimo', role: 'subject', program: { kind: 'node', file: 'cache/cache.ts', spec } },
        { name: 'S3-FIFO, plain', role: 'reference', program: { kind: 'node', file: 'cache/s3-fifo.ts', spec } },
        {
          name: 'lru-cache',
          role: 'peer',
          program: { kind: 'node-peer', file: 'cache_node.mjs', spec: { ...spec, peer: 'lru-cache' } },
        },
      ],
    };
  });
}

/** The body of an answer whose texts are all cached. */
function bodyTrial({ quick, seed }: SuiteOptions): Trial {
  const spec = {
    texts: BODY_TEXTS,
    dimensions: DIMENSIONS,
    seed,
    round_s: quick ? 0.05 : 0.4,
    warm_up_s: quick ? 0 : 0.4,
  };
  const contender = (name: string, role: Contender['role'], way: string): Contender => ({
    name,
    role,
    program: { kind: 'node', file: 'cache/answer-body.ts', spec: { ...spec, way } },
  });
  return {
    id: `body of /embed/batch texts=${BODY_TEXTS}`,
    group: 'The body of /embed/batch, all texts cached: look-ups and JSON',
    parameters: { from: 'body', texts: BODY_TEXTS },
    unit: 'bodies/s',
    better: 'higher',
    data: [],
    contenders: [contender('Cosimo', 'subject', 'cache'), contender('JSON.stringify', 'reference', 'stringify')],
  };
}

/** Memory of a full cache, as the system counts it. */
function memoryTrial({ quick, seed }: SuiteOptions): Trial {
  const entries = quick ? QUICK_ENTRIES : MANY_ENTRIES;
  const settings = { operation: 'memory', entries, dimensions: DIMENSIONS, seed, 'round-s': 0.01 };
  return {
    id: `memory C++ entries=${entries}`,
    group: 'In C++: growth of resident memory when a cache is filled, by its capacity',
    parameters: { from: 'C++', operation: 'memory', entries },
    unit: 'of capacity',
    better: 'lower',
    data: [],
    contenders: [{ name: 'Cosimo', role: 'subject', program: { kind: 'native', args: nativeArgs(settings) } }],
  };
}

/** Two threads compared with one: the cost of sharing. */
function threadTrials(options: SuiteOptions): Trial[] {
  const operations = [...OPERATIONS, 'zipf-hit', 'one-key'];
  return operations.map((operation) => ({
    ...nativeTrial(operation, 'In C++, one cache shared by threads: two threads against one', options),
    contenders: [
      nativeContender('2 threads', 'subject', [operation, 2], options),
      nativeContender('1 thread', 'reference', [operation, 1], options),
    ],
  }));
}

/** A hit beside the least that a hit has to do: hash, compare and copy. */
function copyTrial(options: SuiteOptions): Trial {
  return {
    ...nativeTrial(
      'hit beside a copy',
      'In C++, 1 thread: a hit, and hashing, comparing and copying from a known place',
      options,
    ),
    contenders: [
      nativeContender('Cosimo', 'subject', ['hit', 1], options),
      nativeContender('hash, compare and copy', 'reference', ['copy', 1], options),
    ],
  };
}

function nativeTrial(operation: string, group: string, { quick }: SuiteOptions): Omit<Trial, 'contenders'> {
  const entries = quick ? QUICK_ENTRIES : ENTRIES;
  return {
    id: `${operation} C++ entries=${entries}`,
    group,
    parameters: { from: 'C++', operation, entries },
    unit: 'look-ups/s',
    better: 'higher',
    data: [],
  };
}

function nativeContender(
  name: string,
  role: Contender['role'],
  [operation, threads]: readonly [string, number],
  { quick, seed }: SuiteOptions,
): Contender {
  const settings: Record<string, string | number> = {
    operation,
    threads,
    entries: quick ? QUICK_ENTRIES : ENTRIES,
    dimensions: DIMENSIONS,
    seed,
    'round-s': quick ? 0.05 : 0.4,
    ...(operation === 'zipf' ? { 'zipf-exponent': ZIPF_EXPONENT } : {}),
    ...(operation === 'zipf-hit' ? { 'zipf-exponent': 1 } : {}),
  };
  return { name, role, program: { kind: 'native', args: nativeArgs(settings) } };
}

function nativeArgs(settings: Record<string, string | number>): string[] {
  return ['cache', ...Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, String(value)])];
}
