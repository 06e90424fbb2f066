/** Reads answers of a service, to compare them with another service's. */
import type { Answers } from '../trial/protocol.ts';
import { type Call, type OperationName, operationSource } from './operations.ts';

const ASKED = 8;
/** Not the seed of the load: these texts are in no cache. */
const SEED_OFFSET = 1000;

interface Hit {
  readonly id: string;
  readonly score: number;
}

/** @returns vectors of some texts, or hits of some queries; null for operations that answer neither */
export async function readAnswers(origin: string, operation: OperationName, seed: number): Promise<Answers> {
  const { next } = operationSource(operation, seed + SEED_OFFSET, 0);
  const answers: unknown[] = [];
  for (let i = 0; i < ASKED; i += 1) answers.push(await answerTo(origin, next().call));
  if (operation === 'search' || operation === 'search-cached') {
    const lists = answers as Hit[][];
    return {
      ids: lists.map((hits) => hits.map(({ id }) => Number(id.replace('document-', '')))),
      scores: lists.map((hits) => hits.map(({ score }) => score)),
    };
  }
  if (operation.startsWith('embed') || operation.startsWith('batch')) {
    return { vectors: (answers as { embeddings: number[][] }[]).flatMap(({ embeddings }) => embeddings) };
  }
  return null;
}

async function answerTo(origin: string, { method, path, body }: Call): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${origin}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}`);
  return answer.json();
}
