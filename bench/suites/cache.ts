/** The embedding cache: as JavaScript uses it, beside a Map and lru-cache; and in C++, shared by threads. */
import { pathOf, type TraceSet } from '../data/data-set.ts';
import { ZIPF_EXPONENT } from '../data/traces.ts';
import type { Contender, Suite, SuiteOptions, Trial } from '../trial.ts';

const DIMENSIONS = 384;
const ENTRIES = 20_000;
const QUICK_ENTRIES = 500;
const OPERATIONS = ['hit', 'miss', 'mixed', 'zipf'] as const;

export const cache: Suite = {
  name: 'cache',
  summary:
    'look-ups a second: hits, misses, nine reads to a write, Zipf with hit rate; from JavaScript, and by threads',
  trials: (options) => [...javascriptTrials(options), copyTrial(options), ...threadTrials(options)],
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
        { name: 'Cosimo', role: 'subject', program: { kind: 'node', file: 'cache.ts', spec } },
        peer('Map, unbounded', 'map'),
        peer('lru-cache', 'lru-cache'),
      ],
    };
  });
}

/** Two threads beside one: what sharing costs. */
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

/** A hit beside what no hit can do without. */
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
    ...{ operation, threads, entries: quick ? QUICK_ENTRIES : ENTRIES, dimensions: DIMENSIONS, seed },
    'round-s': quick ? 0.05 : 0.4,
    ...(operation === 'zipf' ? { 'zipf-exponent': ZIPF_EXPONENT } : {}),
    ...(operation === 'zipf-hit' ? { 'zipf-exponent': 1 } : {}),
  };
  const args = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  return { name, role, program: { kind: 'native', args: ['cache', ...args] } };
}
