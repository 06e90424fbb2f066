/** Errors on their way to another thread, which would lose their properties: structured clones keep the message alone. */
import { CosimoError, type ErrorCode, errorCodeOf } from '../errors.ts';

export interface WrittenError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  readonly retryAfter_s: number | undefined;
}

export function writeError(error: unknown): WrittenError {
  if (!(error instanceof Error))
    return { code: undefined, message: String(error), stack: undefined, retryAfter_s: undefined };
  const { message, stack, retryAfter_s } = error as CosimoError;
  return { code: errorCodeOf(error), message, stack, retryAfter_s };
}

/** @returns a CosimoError if the error has a code, otherwise a plain Error */
export function readError({ code, message, stack, retryAfter_s }: WrittenError): Error {
  const error = code === undefined ? new Error(message) : new CosimoError(code, message, { retryAfter_s });
  if (stack !== undefined) error.stack = stack;
  return error;
}
