/**
 * JSON schema → a validator that answers as FastAPI does: pydantic's lax coercions, every fault listed, fields in the
 * schema's order, unknown fields ignored. It takes the schemas of `schemas.ts`, no more than those need.
 */
import type { TSchema } from 'typebox';
import { hasNonFinite } from './json-source.ts';
import { type NumberReader, readBoolean, readInteger, readNumber } from './lax-numbers.ts';
import type { RequestBody } from './read-body.ts';
import { type ValidationFault, ValidationFaults } from './validation-faults.ts';

/** The part of JSON schema that is understood here. */
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

/** Looks at one value; gives what the handler gets, or reports faults and gives undefined. */
type Reader = (value: unknown, report: Report) => unknown;

interface Report {
  readonly body: RequestBody;
  /** Of the value that is being read: keys and positions from the body down. */
  readonly path: (string | number)[];
  readonly faults: ValidationFault[];
  readonly faultsMax: number;
}

/** Reads a part of what is being read. */
function readPart(read: Reader, value: unknown, step: string | number, report: Report): unknown {
  report.path.push(step);
  const result = read(value, report);
  report.path.pop();
  return result;
}

/** There are more faults than these first ones: whoever validates has no time or memory for all. */
export class ManyFaults extends ValidationFaults {}

/**
 * A validator for a body that `readBody` has read; without `faultsMax` it lists every fault.
 * @throws ManyFaults
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
  if (kind === 'empty') return fail(report, 'missing', 'Field required');
  if (kind === 'text' || !isObject(value)) {
    return fail(report, 'model_attributes_type', 'Input should be a valid dictionary or object to extract fields from');
  }
  return read(value, report);
}

function fail(report: Report, type: string, msg: string, more?: Partial<ValidationFault>): undefined {
  if (report.faults.length >= report.faultsMax) throw new ManyFaults(report.faults);
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
        readPart(() => fail(report, 'missing', 'Field required', { inputSource }), undefined, name, report);
      }
    }
    return result;
  };
}

function arrayReader(schema: Schema): Reader {
  const readItem = compile(schema.items ?? {});
  return (value, report) => {
    if (!Array.isArray(value)) return fail(report, 'list_type', 'Input should be a valid list');
    return value.map((item, at) => readPart(readItem, item, at, report));
  };
}

/** Strings are taken as they are but for lone surrogates, which no encoding can carry: U+FFFD stands for them. */
function stringReader(schema: Schema): Reader {
  const { minLength = 0, maxUtf8Bytes = Number.POSITIVE_INFINITY } = schema;
  return (value, report) => {
    if (typeof value !== 'string') return fail(report, 'string_type', 'Input should be a valid string');
    const text = value.toWellFormed();
    if (text.length < minLength) {
      const ctx = { min_length: minLength };
      return fail(report, 'string_too_short', `String should have at least ${minLength} character`, { ctx });
    }
    // A UTF-16 unit is three bytes at most.
    if (text.length * 3 > maxUtf8Bytes && Buffer.byteLength(text) > maxUtf8Bytes) {
      const ctx = { max_length: maxUtf8Bytes };
      return fail(report, 'string_too_long', `String should have at most ${maxUtf8Bytes} bytes of UTF-8`, {
        ctx,
      });
    }
    return text;
  };
}

function scalarReader(read: NumberReader<unknown>): Reader {
  return (value, report) => {
    const reading = read(value, () => report.body.sourceAt(report.path) ?? '');
    return 'value' in reading ? reading.value : fail(report, reading.type, reading.msg);
  };
}

/** An object or null, kept as its JSON text (`{}` for null), so that it comes back as it was given. */
const sourceReader: Reader = (value, report) => {
  if (value === null) return '{}';
  if (!isObject(value)) return fail(report, 'dict_type', 'Input should be a valid dictionary');
  const source = report.body.sourceAt(report.path) as string;
  return hasNonFinite(source) ? fail(report, 'finite_number', 'Numbers in metadata should be finite') : source;
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
