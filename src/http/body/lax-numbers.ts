/**
 * Numbers and booleans as pydantic 2 reads them in lax mode. Each reader gives the value or the fault. Source:
 * pydantic-core's answers, recorded in `test/fixtures/fastapi-cases.json`.
 */
import { FAULT_MESSAGES, type FaultMessage } from './fault-messages.ts';

export type Reading<T> = { readonly value: T } | FaultMessage;

/** @param token the value's JSON source: it tells 1 from 1.0, and keeps digits that a double loses */
export type NumberReader<T> = (value: unknown, token: () => string) => Reading<T>;

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
/** pydantic-core takes floats below this magnitude as integers. */
const INT64 = 2 ** 63;
/** pydantic-core takes strings of up to this many digits as integers. */
const INTEGER_DIGITS_MAX = 4300;

export const readBoolean: NumberReader<boolean> = (value, token) => {
  if (typeof value === 'boolean') return { value };
  const unreadable = FAULT_MESSAGES.unreadableBoolean;
  if (typeof value === 'string') {
    const word = /^[\w]+$/.test(value) ? BOOLEAN_WORDS[value.toLowerCase()] : undefined;
    return word === undefined ? unreadable : { value: word };
  }
  if (value === 0 || value === 1) return { value: value === 1 };
  const isSmallInteger = typeof value === 'number' && Math.abs(value) < INT64 && INTEGER_TOKEN.test(token());
  return isSmallInteger ? unreadable : FAULT_MESSAGES.noBoolean;
};

export const readInteger: NumberReader<number> = (value, token) => {
  if (typeof value === 'boolean') return { value: Number(value) };
  if (typeof value === 'string') return readIntegerText(value);
  if (typeof value !== 'number') return FAULT_MESSAGES.noInteger;
  if (Number.isSafeInteger(value)) return { value };
  // An integer of 309 digits or more is Infinity here. It is an integer all the same, and is clamped later.
  if (INTEGER_TOKEN.test(token())) return { value };
  if (!Number.isFinite(value)) return FAULT_MESSAGES.notFinite;
  if (!Number.isInteger(value)) return FAULT_MESSAGES.fractionalInteger;
  return Math.abs(value) < INT64 ? { value } : FAULT_MESSAGES.integerTooLong;
};

function readIntegerText(text: string): Reading<number> {
  const trimmed = text.trim();
  if (!/^[-+]?[0-9]+(?:_[0-9]+)*(?:\.0+)?$/.test(trimmed)) {
    return FAULT_MESSAGES.unreadableInteger;
  }
  if (trimmed.length > INTEGER_DIGITS_MAX) return FAULT_MESSAGES.integerTooLong;
  return { value: Number(trimmed.replaceAll('_', '')) };
}

export const readNumber: NumberReader<number> = (value, token) => {
  if (typeof value === 'boolean') return { value: Number(value) };
  if (typeof value === 'string') return readNumberText(value);
  if (typeof value !== 'number') return FAULT_MESSAGES.noNumber;
  if (Number.isFinite(value)) return { value };
  return INTEGER_TOKEN.test(token()) ? FAULT_MESSAGES.noNumber : FAULT_MESSAGES.notFinite;
};

function readNumberText(text: string): Reading<number> {
  const trimmed = text.trim();
  // Pydantic itself takes these words, but a threshold must be finite.
  if (/^[-+]?(?:inf|infinity|nan)$/i.test(trimmed)) return FAULT_MESSAGES.notFinite;
  const digits = trimmed.replace(/(?<=[0-9])_(?=[0-9.])/g, '');
  if (!/^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?$/i.test(digits)) {
    return FAULT_MESSAGES.unreadableNumber;
  }
  const value = Number(digits);
  return Number.isFinite(value) ? { value } : FAULT_MESSAGES.notFinite;
}
