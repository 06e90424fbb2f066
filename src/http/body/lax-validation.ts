/**
 * Validates a body by a JSON schema as FastAPI does: with pydantic's lax coercions, every fault listed, fields in the
 * order of the schema, unknown fields ignored. It understands what the schemas of `schemas.ts` use, and no more.
 */
import type { TSchema } from 'typebox';
import { FAULT_MESSAGES, type FaultMessage, stringTooLong, stringTooShort } from './fault-messages.ts';
import { hasNonFinite } from './json-source.ts';
import { type NumberReader, readBoolean, readInteger, readNumber } from './lax-numbers.ts';
import type { RequestBody } from './read-body.ts';
import { type ValidationFault, ValidationFaults } from './validation-faults.ts';

/** What is understood of JSON schema, and two keywords of our own. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly default?: unknown;
  readonly minLength?: number;
  /** The longest string in UTF-8 bytes: JSON schema's own `maxLength` counts characters. */
  readonly maxUtf8Bytes?: number;
  /** The value is kept as the JSON text it came in. */
  readonly keepSource?: boolean;
}

/** Reads one value: gives what the handler gets, or reports faults and gives undefined. */
type Reader = (value: unknown, report: Report) => unknown;

interface Report {
  readonly body: RequestBody;
  /** Keys and positions that lead from the body to the value that is being read. */
  readonly path: (string | number)[];
  readonly faults: ValidationFault[];
  readonly faultsMax: number;
}

/** Reads one part of the value that is being read. */
function readPart(read: Reader, value: unknown, step: string | number, report: Report): unknown {
  report.path.push(step);
  const result = read(value, report);
  report.path.pop();
  return result;
}

/** There are more faults than `faultsMax`: listing all would take too much time or memory. */
export class TooManyFaults extends ValidationFaults {}

/**
 * @returns a validator of bodies that `readBody` has read. It lists every fault, or up to `faultsMax`.
 * @throws TooManyFaults
 */
export function compileLaxValidator(
  schema: TSchema,
): (body: RequestBody, faultsMax?: number) => { value: unknown } | { error: ValidationFaults } {
  const read = objectReader(schema as Schema);
  return (body, faultsMax = Number.POSITIVE_INFINITY) => {
    const report: Report = { body, path: [], faults: [], faultsMax };
    const value = readWhole(report, read);
    return report.faults.length === 0 ? { value } : { error: new ValidationFaults(report.faults) };
  };
}

function readWhole(report: Report, read: Reader): unknown {
  const { kind, value } = report.body;
  if (kind === 'empty') return fail(report, FAULT_MESSAGES.missing);
  if (kind === 'text' || !isObject(value)) return fail(report, FAULT_MESSAGES.noObject);
  return read(value, report);
}

function fail(report: Report, { type, msg }: FaultMessage, more?: Partial<ValidationFault>): undefined {
  if (report.faults.length >= report.faultsMax) throw new TooManyFaults(report.faults);
  const inputSource = report.body.sourceAt(report.path) ?? 'null';
  report.faults.push({ type, loc: ['body', ...report.path], msg, inputSource, ...more });
  return undefined;
}

function compile(schema: Schema): Reader {
  if (schema.keepSource) return sourceReader;
  switch (schema.type) {
    case 'array':
      return arrayReader(schema);
    case 'string':
      return stringReader(schema);
    case 'boolean':
      return scalarReader(readBoolean);
    case 'integer':
      return scalarReader(readInteger);
    case 'number':
      return scalarReader(readNumber);
    default:
      throw new TypeError(`no lax validation for a schema of type ${schema.type}`);
  }
}

function objectReader(schema: Schema): Reader {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => ({
    name,
    field,
    read: compile(field),
  }));
  return (value, report) => {
    const object = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const { name, field, read } of fields) {
      if (Object.hasOwn(object, name)) result[name] = readPart(read, object[name], name, report);
      else if (!schema.required?.includes(name)) result[name] = field.default;
      else {
        const inputSource = report.body.sourceAt(report.path) ?? 'null';
        readPart(() => fail(report, FAULT_MESSAGES.missing, { inputSource }), undefined, name, report);
      }
    }
    return result;
  };
}

function arrayReader(schema: Schema): Reader {
  const readItem = compile(schema.items ?? {});
  return (value, report) => {
    if (!Array.isArray(value)) return fail(report, FAULT_MESSAGES.noList);
    return value.map((item, at) => readPart(readItem, item, at, report));
  };
}

/** Strings are taken as they are, except that U+FFFD replaces lone surrogates, which UTF-8 cannot carry. */
function stringReader(schema: Schema): Reader {
  const { minLength = 0, maxUtf8Bytes = Number.POSITIVE_INFINITY } = schema;
  return (value, report) => {
    if (typeof value !== 'string') return fail(report, FAULT_MESSAGES.noString);
    const text = value.toWellFormed();
    if (text.length < minLength) {
      return fail(report, stringTooShort(minLength), { ctx: { min_length: minLength } });
    }
    // A UTF-16 unit takes at most three bytes.
    if (text.length * 3 > maxUtf8Bytes && Buffer.byteLength(text) > maxUtf8Bytes) {
      return fail(report, stringTooLong(maxUtf8Bytes), { ctx: { max_length: maxUtf8Bytes } });
    }
    return text;
  };
}

function scalarReader(read: NumberReader<unknown>): Reader {
  return (value, report) => {
    const reading = read(value, () => report.body.sourceAt(report.path) ?? '');
    return 'value' in reading ? reading.value : fail(report, reading);
  };
}

/** Takes an object or null and keeps its JSON text (`{}` for null), so that it comes back as it was given. */
const sourceReader: Reader = (value, report) => {
  if (value === null) return '{}';
  if (!isObject(value)) return fail(report, FAULT_MESSAGES.noDictionary);
  const source = report.body.sourceAt(report.path) as string;
  return hasNonFinite(source) ? fail(report, FAULT_MESSAGES.notFiniteInMetadata) : source;
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
