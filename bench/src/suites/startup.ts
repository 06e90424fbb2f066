/** The time from starting the process until it can encode and search, by the number of documents in its store. */
import { pathOf, type StoreSet } from '../data/data-set.ts';
import type { Contender, Suite, SuiteOptions, Trial } from '../trial/trial.ts';

const DOCUMENTS = [0, 100_000, 1_000_000];
const QUICK_DOCUMENTS = [0, 200];

export const startup: Suite = {
  name: 'startup',
  summary: 'seconds until ready with 0, 100,000 and 1,000,000 documents on the disk',
  trials: (options) => [...startupTrials(options), rotatingTrial(options)],
  charts: [
    {
      name: 'seconds',
      title: 'Seconds from start to ready',
      where: { measure: 'startup' },
      kind: { type: 'bars', axis: 'linear' },
    },
  ],
};

function startupTrials({ quick, seed, threads }: SuiteOptions): Trial[] {
  return (quick ? QUICK_DOCUMENTS : DOCUMENTS).map((documents) => {
    const set: StoreSet = { kind: 'store', source: 'gaussian', documents, seed };
    const store = documents === 0 ? {} : { store: pathOf(set) };
    const peer: Contender = {
      name: 'FastAPI',
      role: 'peer',
      program:
        documents === 0
          ? { kind: 'node', file: 'startup.ts', spec: { service: 'fastapi', threads: threads.at(-1) }, needs: 'venv' }
          : { kind: 'missing', reason: 'it keeps documents in memory alone: none are there after a start' },
    };
    return {
      id: `startup documents=${documents}`,
      group: 'Seconds from start to ready',
      parameters: { measure: 'startup', documents },
      unit: 's',
      better: 'lower',
      data: documents === 0 ? [] : [set],
      contenders: [cosimo('Cosimo', { threads: threads.at(-1), ...store }), peer],
    };
  });
}

/** Rows that are rotated: a rotation is learned anew beside each start, which plain codes have no part of. */
function rotatingTrial({ quick, seed, threads }: SuiteOptions): Trial {
  const documents = (quick ? QUICK_DOCUMENTS : DOCUMENTS).at(-1) as number;
  const set: StoreSet = { kind: 'store', source: 'clustered', documents, seed };
  const spec = { threads: threads.at(-1), store: pathOf(set) };
  return {
    id: `startup of rows that are rotated documents=${documents}`,
    group: 'Seconds from start to ready, of clustered rows',
    parameters: { measure: 'startup of rows that are rotated', documents },
    unit: 's',
    better: 'lower',
    data: [set],
    contenders: [cosimo('Cosimo', spec), cosimo('Cosimo, plain', { ...spec, search_codes: 'plain' })],
  };
}

function cosimo(name: string, spec: Readonly<Record<string, unknown>>): Contender {
  return {
    name,
    role: name === 'Cosimo' ? 'subject' : 'reference',
    program: { kind: 'node', file: 'startup.ts', spec: { service: 'cosimo', ...spec } },
  };
}
