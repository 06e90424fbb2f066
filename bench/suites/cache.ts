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
  trials: (options) => [...javascriptTrials(options), ...threadTrials(options)],
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
function threadTrials({ quick, seed }: SuiteOptions): Trial[] {
  const entries = String(quick ? QUICK_ENTRIES : ENTRIES);
  return OPERATIONS.map((operation) => {
    const contender = (threads: number): Contender => ({
      name: threads === 1 ? '1 thread' : `${threads} threads`,
      role: threads === 1 ? 'reference' : 'subject',
      program: {
        kind: 'native',
        args: [
          'cache',
          ...['--operation', operation, '--threads', String(threads), '--entries', entries],
          ...['--dimensions', String(DIMENSIONS), '--seed', String(seed), '--round-s', quick ? '0.05' : '0.4'],
          ...(operation === 'zipf' ? ['--zipf-exponent', String(ZIPF_EXPONENT)] : []),
        ],
      },
    });
    return {
      id: `${operation} C++ entries=${entries}`,
      group: 'In C++, one cache shared by threads: two threads against one',
      parameters: { from: 'C++', operation, entries: Number(entries) },
      unit: 'look-ups/s',
      better: 'higher',
      data: [],
      contenders: [contender(2), contender(1)],
    };
  });
}
