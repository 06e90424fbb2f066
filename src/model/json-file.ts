/** A model's JSON file, read key by key. A missing or wrong value throws a sentence that names file and key. */
import { readFile } from 'node:fs/promises';
import { CosimoError } from '../errors.ts';

type Json = Readonly<Record<string, unknown>>;
type Plain = string | boolean | null;

export class JsonFile {
  readonly path: string;
  readonly #json: Json;

  private constructor(path: string, json: Json) {
    this.path = path;
    this.#json = json;
  }

  /** A missing optional file counts as an empty one. @throws CosimoError `model_invalid` */
  static async read(path: string, need: 'required' | 'optional'): Promise<JsonFile> {
    const json = (await readJson(path, need)) ?? {};
    if (typeof json !== 'object' || Array.isArray(json)) throw invalidFile(path, 'holds no JSON object');
    return new JsonFile(path, json as Json);
  }

  invalid(fault: string): CosimoError {
    return invalidFile(this.path, fault);
  }

  entries(): [key: string, value: unknown][] {
    return Object.entries(this.#json);
  }

  /** The value under `key`, whatever it is; undefined when there is none. */
  value(key: string): unknown {
    return Object.hasOwn(this.#json, key) ? this.#json[key] : undefined;
  }

  expect(key: string, wanted: Plain, fallback?: Plain): void {
    const value = this.value(key) ?? fallback;
    if (value !== wanted)
      throw this.invalid(`has ${key} ${JSON.stringify(value)}; Cosimo serves ${JSON.stringify(wanted)}`);
  }

  number(key: string, fallback?: number): number {
    const value = this.value(key) ?? fallback;
    if (typeof value !== 'number') throw this.invalid(`has no number as ${key}`);
    return value;
  }

  count(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    if (!Number.isInteger(value) || value < 1) throw this.invalid(`has ${key} ${value}, which is no count`);
    return value;
  }
}

/** @returns undefined for a missing optional file. @throws CosimoError `model_invalid` */
export async function readJson(path: string, need: 'required' | 'optional'): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (need === 'optional' && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw invalidFile(path, `cannot be read: ${(cause as Error).message}`);
  }
}

/** @param fault what follows the file's name in the sentence, without the full stop */
export function invalidFile(path: string, fault: string): CosimoError {
  return new CosimoError('model_invalid', `${path} ${fault}.`);
}
