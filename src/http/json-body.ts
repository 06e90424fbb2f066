/** Request bytes → what they mean, read as FastAPI reads them. */
import { elementSources, memberSources, replaceNonFinite } from './json-source.ts';
import { findJsonFault, JsonTooDeep, MAX_JSON_DEPTH } from './python-json.ts';
import { decodeJsonText, decodeUtf8 } from './text-encoding.ts';
import { ValidationFaults } from './validation-faults.ts';

/** A body before its fields are looked at. `source` is its text; `value` is undefined when the body isn't JSON. */
export class RequestBody {
  readonly source: string;
  readonly kind: 'empty' | 'json' | 'text';
  readonly value: unknown;

  constructor(kind: 'empty' | 'json' | 'text', source: string, value?: unknown) {
    this.kind = kind;
    this.source = source;
    this.value = value;
  }

  /** The JSON source of a part, `path` being keys and array positions from the body down; undefined when it isn't there. */
  sourceAt(path: readonly (string | number)[]): string | undefined {
    let source: string | undefined = this.kind === 'text' ? JSON.stringify(this.source) : this.source;
    for (const step of path) {
      if (source === undefined) return undefined;
      source = typeof step === 'number' ? elementSources(source)[step] : memberSources(source).get(step);
    }
    return source;
  }
}

/** The body could not be read at all: invalid UTF-8, or nested past all reason. FastAPI's answer to that is a 400. */
export class UnreadableBody extends Error {
  constructor() {
    super('There was an error parsing the body');
  }
}

const JSON_TYPE = /^\s*application\/(?:[^\s;]*\+)?json\s*(?:;|$)/i;

/**
 * @param contentType the header as it came, undefined when absent
 * @throws ValidationFaults `json_invalid`
 * @throws UnreadableBody
 */
export function readBody(bytes: Buffer, contentType: string | undefined): RequestBody {
  if (bytes.length === 0) return new RequestBody('empty', 'null');
  const isJson = JSON_TYPE.test(contentType ?? '');
  const source = isJson ? decodeJsonText(bytes) : decodeUtf8(bytes);
  if (source === undefined) throw new UnreadableBody();
  if (!isJson) return new RequestBody('text', source);
  const value = parse(source);
  if (isTooDeep(value)) throw new UnreadableBody();
  return new RequestBody('json', source, value);
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    const fault = findFault(source);
    if (fault !== undefined) {
      throw new ValidationFaults([
        {
          type: 'json_invalid',
          loc: ['body', fault.offset],
          msg: 'JSON decode error',
          inputSource: '{}',
          ctx: { error: fault.message },
        },
      ]);
    }
    // Python reads NaN and Infinity; so that their field can be named, they become the infinity that 1e999 is.
    return JSON.parse(replaceNonFinite(source, (token) => (token.startsWith('-') ? '-1e999' : '1e999')));
  }
}

function findFault(source: string): ReturnType<typeof findJsonFault> {
  try {
    return findJsonFault(source);
  } catch (error) {
    if (error instanceof JsonTooDeep) throw new UnreadableBody();
    throw error;
  }
}

/** What Python cannot read back: a client of the service it replaces could never fetch such metadata again. */
function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_JSON_DEPTH) return true;
    level = level.flatMap((part) => (typeof part === 'object' && part !== null ? Object.values(part) : []));
  }
  return false;
}
