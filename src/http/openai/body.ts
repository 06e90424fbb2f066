/** Reads and validates the body of POST /v1/embeddings as OpenAI's API does: strictly, and it names one fault. */
import { readBody } from '../body/read-body.ts';
import { ValidationFaults } from '../body/validation-faults.ts';

/** The `$id` of its schema, by which `body/body-readers.ts` finds this reader. */
export const OPENAI_BODY = 'OpenAiEmbeddingsRequest';

export interface OpenAiBody {
  readonly model: string;
  /** Texts, or the token ids of each text. */
  readonly input: readonly string[] | readonly (readonly number[])[];
  readonly encoding_format: 'float' | 'base64';
  /** Undefined for all dimensions of the model. */
  readonly dimensions: number | undefined;
}

/** Longer inputs are cut here; they are still longer than any model takes, so they still count as truncated. */
const TOKENS_MAX = 65_536;

/** @throws ValidationFaults with one fault, its field last in `loc`; @throws UnreadableBody */
export function readOpenAiBody(bytes: Buffer, contentType: string | undefined): OpenAiBody {
  const { kind, value } = readBody(bytes, contentType);
  if (kind !== 'json' || typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault('body', 'The request must be a JSON object, sent with the content type application/json.');
  }
  const { model, input, encoding_format = 'float', dimensions } = value as Record<string, unknown>;
  if (typeof model !== 'string') throw fault('model', 'You must provide a model parameter, a string.');
  const inputs = readInput(input);
  if (encoding_format !== 'float' && encoding_format !== 'base64' && encoding_format !== null) {
    throw fault('encoding_format', "'encoding_format' must be 'float' or 'base64'.");
  }
  const isCount = Number.isInteger(dimensions) && (dimensions as number) >= 1;
  if (dimensions !== undefined && dimensions !== null && !isCount) {
    throw fault('dimensions', "'dimensions' must be a positive integer.");
  }
  return {
    model: model.toWellFormed(),
    input: inputs,
    encoding_format: encoding_format ?? 'float',
    dimensions: (dimensions as number | null | undefined) ?? undefined,
  };
}

function readInput(input: unknown): OpenAiBody['input'] {
  if (input === undefined || input === null) throw fault('input', "You must provide an 'input'.");
  if (typeof input === 'string') return [readText(input)];
  if (!Array.isArray(input)) throw wrongInput();
  if (input.length === 0) throw fault('input', "'input' must not be empty.");
  if (input.every((item) => typeof item === 'number')) return [readTokens(input)];
  if (input.every((item) => typeof item === 'string')) return input.map(readText);
  if (input.every((item) => Array.isArray(item))) return input.map(readTokens);
  throw wrongInput();
}

function readText(text: string): string {
  if (text === '') throw fault('input', "'input' must not hold an empty string.");
  return text.toWellFormed();
}

function readTokens(ids: readonly unknown[]): readonly number[] {
  if (ids.length === 0) throw fault('input', "'input' must not hold an empty list of token ids.");
  if (!ids.every((id) => Number.isInteger(id) && (id as number) >= 0)) throw wrongInput();
  return ids.slice(0, TOKENS_MAX) as number[];
}

const wrongInput = () =>
  fault('input', "'input' must be a string, a list of strings, a list of token ids, or a list of such lists.");

function fault(param: string, msg: string): ValidationFaults {
  const loc = param === 'body' ? ['body'] : ['body', param];
  return new ValidationFaults([{ type: 'value_error', loc, msg, inputSource: 'null' }]);
}
