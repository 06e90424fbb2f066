/**
 * Numbers and booleans as pydantic 2 reads them in lax mode. Each reader gives the value, or the type and sentence of
 * the fault. Source: pydantic-core's answers, recorded in `test/fixtures/fastapi-cases.json`.
 */

export type Reading<T> = { readonly value: T } | { readonly type: string; readonly msg: string };

/** @param token the value's JSON source: it tells 1 from 1.0, and keeps digits that a double loses */
export type NumberReader<T> = (value: unknown, token: () => string) => Reading<T>;

const fault = (type: string, msg: string) => ({ type, msg: `Input should be ${msg}` });

const NOT_FINITE = fault('finite_number', 'a finite number');
const BOOLEAN_WORDS: Readonly<Record<string, boolean>> = {
  '1': true,
  on: true,
  t: true,
  true: true,
  y: true,
  yes: true,
  '0': false,
  off: false,
  f: false,
  false: false,
  n: false,
  no: false,
};
const INTEGER_TOKEN = /^-?[0-9]+$/;
/** What pydantic-core takes: floats below this magnitude as integers, and strings of up to so many digits. */
const INT64 = 2 ** 63;
const INTEGER_DIGITS_MAX = 4300;

export const readBoolean: NumberReader<boolean> = (value, token) => {
  if (typeof value === 'boolean') return { value };
  const unreadable = fault('bool_parsing', 'a valid boolean, unable to interpret input');
  if (typeof value === 'string') {
    const word = /^[\w]+$/.test(value) ? BOOLEAN_WORDS[value.toLowerCase()] : undefined;
    return word === undefined ? unreadable : { value: word };
  }
  if (value === 0 || value === 1) return { value: value === 1 };
  const isSmallInteger = typeof value === 'number' && Math.abs(value) < INT64 && INTEGER_TOKEN.test(token());
  return isSmallInteger ? unreadable : fault('bool_type', 'a valid boolean');
};

export const readInteger: NumberReader<number> = (value, token) => {
  if (typeof value === 'boolean') return { value: Number(value) };
  if (typeof value === 'string') return readIntegerText(value);
  if (typeof value !== 'number') return fault('int_type', 'a valid integer');
  if (Number.isSafeInteger(value)) return { value };
  // An integer of 309 digits or more is Infinity here. It is an integer all the same, and is clamped later.
  if (INTEGER_TOKEN.test(token())) return { value };
  if (!Number.isFinite(value)) return NOT_FINITE;
  if (!Number.isInteger(value)) return fault('int_from_float', 'a valid integer, got a number with a fractional part');
  return Math.abs(value) < INT64 ? { value } : INTEGER_TOO_LONG;
};

const INTEGER_TOO_LONG = {
  type: 'int_parsing_size',
  msg: 'Unable to parse input string as an integer, exceeded maximum size',
};

function readIntegerText(text: string): Reading<number> {
  const trimmed = text.trim();
  if (!/^[-+]?[0-9]+(?:_[0-9]+)*(?:\.0+)?$/.test(trimmed)) {
    return fault('int_parsing', 'a valid integer, unable to parse string as an integer');
  }
  return trimmed.length > INTEGER_DIGITS_MAX ? INTEGER_TOO_LONG : { value: Number(trimmed.replaceAll('_', '')) };
}

export const readNumber: NumberReader<number> = (value, token) => {
  if (typeof value === 'boolean') return { value: Number(value) };
  if (typeof value === 'string') return readNumberText(value);
  if (typeof value !== 'number') return fault('float_type', 'a valid number');
  if (Number.isFinite(value)) return { value };
  return INTEGER_TOKEN.test(token()) ? fault('float_type', 'a valid number') : NOT_FINITE;
};

function readNumberText(text: string): Reading<number> {
  const trimmed = text.trim();
  // Pydantic itself takes these words, but a threshold must be finite.
  if (/^[-+]?(?:inf|infinity|nan)$/i.test(trimmed)) return NOT_FINITE;
  const digits = trimmed.replace(/(?<=[0-9])_(?=[0-9.])/g, '');
  if (!/^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?$/i.test(digits)) {
    return fault('float_parsing', 'a valid number, unable to parse string as a number');
  }
  const value = Number(digits);
  return Number.isFinite(value) ? { value } : NOT_FINITE;
}
