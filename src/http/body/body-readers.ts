/** Reads and validates the body of every call that takes one, on the event loop and in body threads. */
import type { TSchema } from 'typebox';
import { OPENAI_BODY, readOpenAiBody } from '../openai/body.ts';
import { EmbedRequest, IndexRequest, SearchRequest } from '../schemas.ts';
import { compileLaxValidator } from './lax-validation.ts';
import { readBody } from './read-body.ts';

/**
 * @param contentType the header as it came, undefined when absent
 * @param faultsMax most faults that are listed; all of them by default
 * @throws ValidationFaults
 * @throws UnreadableBody
 * @throws TooManyFaults
 */
export type BodyReader = (bytes: Buffer, contentType: string | undefined, faultsMax?: number) => unknown;

const READERS = new Map<string, BodyReader>([
  ...[EmbedRequest, IndexRequest, SearchRequest].map((schema) => [idOf(schema), compile(schema)] as const),
  [OPENAI_BODY, readOpenAiBody],
]);

/** @param schemaId the `$id` of a body's schema: both threads know it by that */
export function bodyReader(schemaId: string): BodyReader {
  const reader = READERS.get(schemaId);
  if (reader === undefined) throw new TypeError(`no body is read by the schema ${schemaId}`);
  return reader;
}

export function idOf(schema: unknown): string {
  return String((schema as { $id?: unknown }).$id);
}

function compile(schema: TSchema): BodyReader {
  const validate = compileLaxValidator(schema);
  return (bytes, contentType, faultsMax) => {
    const result = validate(readBody(bytes, contentType), faultsMax);
    if ('error' in result) throw result.error;
    return result.value;
  };
}
