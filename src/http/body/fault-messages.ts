/**
 * The type and the sentence of each fault of a field, as pydantic 2 words them. `json-fault.ts` has the faults of JSON.
 * Source: FastAPI's answers, recorded in `test/fixtures/fastapi-cases.json`.
 */

export interface FaultMessage {
  readonly type: string;
  readonly msg: string;
}

const inputShouldBe = (type: string, expected: string): FaultMessage => ({ type, msg: `Input should be ${expected}` });

export const FAULT_MESSAGES = {
  missing: { type: 'missing', msg: 'Field required' },
  noObject: inputShouldBe('model_attributes_type', 'a valid dictionary or object to extract fields from'),
  noDictionary: inputShouldBe('dict_type', 'a valid dictionary'),
  noList: inputShouldBe('list_type', 'a valid list'),
  noString: inputShouldBe('string_type', 'a valid string'),
  noBoolean: inputShouldBe('bool_type', 'a valid boolean'),
  unreadableBoolean: inputShouldBe('bool_parsing', 'a valid boolean, unable to interpret input'),
  noInteger: inputShouldBe('int_type', 'a valid integer'),
  unreadableInteger: inputShouldBe('int_parsing', 'a valid integer, unable to parse string as an integer'),
  fractionalInteger: inputShouldBe('int_from_float', 'a valid integer, got a number with a fractional part'),
  integerTooLong: {
    type: 'int_parsing_size',
    msg: 'Unable to parse input string as an integer, exceeded maximum size',
  },
  noNumber: inputShouldBe('float_type', 'a valid number'),
  unreadableNumber: inputShouldBe('float_parsing', 'a valid number, unable to parse string as a number'),
  notFinite: inputShouldBe('finite_number', 'a finite number'),
  /** Cosimo's own: metadata may hold any JSON, and JSON has no NaN. */
  notFiniteInMetadata: { type: 'finite_number', msg: 'Numbers in metadata should be finite' },
} as const satisfies Readonly<Record<string, FaultMessage>>;

export const stringTooShort = (minLength: number): FaultMessage => ({
  type: 'string_too_short',
  msg: `String should have at least ${minLength} character`,
});

/** Cosimo's own: pydantic counts characters. */
export const stringTooLong = (maxUtf8Bytes: number): FaultMessage => ({
  type: 'string_too_long',
  msg: `String should have at most ${maxUtf8Bytes} bytes of UTF-8`,
});
