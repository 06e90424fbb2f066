/** Reads the JSON value of a request body from its bytes, as FastAPI does. */

import { findJsonFault, JsonTooDeep, MAX_JSON_DEPTH } from './json-fault.ts';
import { elementSources, memberSources, replaceNonFinite } from './json-source.ts';
import { decodeJsonText, decodeUtf8 } from './text-encoding.ts';
import { ValidationFaults } from './validation-faults.ts';

/** A body before its fields are validated. `source` is its text; `value` is undefined when it is not JSON. */
export class RequestBody {
  readonly source: string;
  readonly kind: 'empty' | 'json' | 'text';
  readonly value: unknown;
  /** Cache of the last object and list that were split: a body with many faults asks for the same list again and again. */
  #members: Parts<Map<string, string>> = { of: '', parts: new Map() };
  #elements: Parts<string[]> = { of: '', parts: [] };

  constructor(kind: 'empty' | 'json' | 'text', source: string, value?: unknown) {
    this.kind = kind;
    this.source = source;
    this.value = value;
  }

  /** @param path keys and array positions, from the body down. @returns the JSON source of that part; undefined when there is none */
  sourceAt(path: readonly (string | number)[]): string | undefined {
    let source: string | undefined = this.kind === 'text' ? JSON.stringify(this.source) : this.source;
    for (const step of path) {
      if (source === undefined) return undefined;
      source = typeof step === 'number' ? this.#elementsOf(source)[step] : this.#membersOf(source).get(step);
    }
    return source;
  }

  #membersOf(source: string): Map<string, string> {
    if (this.#members.of !== source) this.#members = { of: source, parts: memberSources(source) };
    return this.#members.parts;
  }

  #elementsOf(source: string): string[] {
    if (this.#elements.of !== source) this.#elements = { of: source, parts: elementSources(source) };
    return this.#elements.parts;
  }
}

interface Parts<T> {
  readonly of: string;
  readonly parts: T;
}

/** The body is invalid in its encoding or nested too deeply. FastAPI answers 400. */
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
  // Each level takes at least one character.
  if (source.length > MAX_JSON_DEPTH && isTooDeep(value)) throw new UnreadableBody();
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
    // Python reads NaN and Infinity. They become infinity here (1e999), so that validation can name their field.
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

/** Python cannot read JSON that is this deep: a Python client could never fetch such metadata again. */
function isTooDeep(value: unknown): boolean {
  let level = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    const next: object[] = [];
    for (const container of level) {
      for (const part of Object.values(container)) {
        if (depth > MAX_JSON_DEPTH) return true;
        if (isContainer(part)) next.push(part);
      }
    }
    level = next;
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
