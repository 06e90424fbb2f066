/** Names and specs of the operations that trials over HTTP measure, and the contenders that most trials have. */
import type { OperationName } from '../../load/operations.ts';
import type { Contender, SuiteOptions } from '../../trial/trial.ts';

const DOCUMENTS = 1000;
const QUICK_DOCUMENTS = 10;
/** Operations that search documents stored before the load. */
export const WITH_DOCUMENTS = new Set<OperationName>(['search', 'search-cached']);

export const NAMES: Record<OperationName, string> = {
  embed: 'POST /embed, one new text',
  'embed-cached': 'POST /embed, one cached text',
  'embed-one': 'POST /embed, one cached text, always the same',
  'embed-mixed': 'POST /embed, one text of a file',
  batch: 'POST /embed/batch, 32 new texts',
  'batch-mixed': 'POST /embed/batch, texts of a file',
  'batch-cached': 'POST /embed/batch, 100 cached texts',
  index: 'POST /index, new text',
  'index-cached': 'POST /index, cached text',
  'index-delete': 'POST /index, cached text, and DELETE /index/{id}',
  search: 'POST /search, new query',
  'search-cached': 'POST /search, cached query',
  stats: 'GET /stats',
  health: 'GET /health',
};

/** The name of a trial's operation, with its documents. */
export function titleOf(operation: OperationName, { quick }: SuiteOptions): string {
  const documents = documentsOf(operation, quick);
  return documents === 0 ? NAMES[operation] : `${NAMES[operation]}, ${documents} documents`;
}

const documentsOf = (operation: OperationName, quick: boolean) =>
  WITH_DOCUMENTS.has(operation) ? (quick ? QUICK_DOCUMENTS : DOCUMENTS) : 0;

/** The part of a contender's spec that depends on the operation. */
export function specOf(operation: OperationName, { quick, seed, threads }: SuiteOptions) {
  return {
    operation,
    documents: documentsOf(operation, quick),
    seed,
    threads: threads.at(-1),
    warm_up_s: quick ? 0 : 0.7,
  };
}

/** Cosimo and the FastAPI service. */
export function contenders(spec: Record<string, unknown>): Contender[] {
  return [
    {
      name: 'Cosimo',
      role: 'subject',
      program: { kind: 'node', file: 'http.ts', spec: { ...spec, service: 'cosimo' } },
    },
    {
      name: 'FastAPI',
      role: 'peer',
      program: { kind: 'node', file: 'http.ts', spec: { ...spec, service: 'fastapi' }, needs: 'venv' },
    },
  ];
}
