/**
 * Every error code, with the sentence that a person reads when nothing more precise is known. Codes don't depend on
 * HTTP: only `http/error-handler.ts` gives each its status.
 */
export const ERROR_SENTENCES = {
  // What a caller sent.
  batch_too_large: 'The batch holds more texts than the limit allows',
  document_not_found: 'Document not found',
  invalid_argument: 'An argument is not what the call takes',
  metadata_too_large: 'The metadata is larger than the limit allows',
  not_finite: 'A vector holds NaN or infinity',
  text_too_large: 'The text is larger than the limit allows',
  // What the process cannot do at the moment.
  cancelled: 'The request was cancelled before it was answered',
  closed: 'The service is closing',
  index_full: 'The index takes no more documents',
  encoder_lost: 'The encoder was lost over this text; try again',
  inference_failed: 'The model could not encode this text',
  model_not_ready: 'The model is not ready yet',
  out_of_memory: 'Not enough memory for this',
  timed_out: 'The request took longer than REQUEST_TIMEOUT_MS; try again later or send less at once',
  queue_full: 'Too many texts are waiting to be encoded',
  store_failed: 'The document store could not write',
  store_full: 'The document store has no room',
  // What keeps the process from starting.
  addon_missing: 'The native addon is not built; run `npm run build:native`',
  index_model_mismatch: 'The stored index was made by another model',
  invalid_setting: 'A setting has a value that it cannot have',
  model_invalid: 'The model folder holds something Cosimo cannot serve',
  model_unavailable: 'The model could not be found or fetched',
  store_unavailable: 'The document store cannot be opened',
} as const;

export type ErrorCode = keyof typeof ERROR_SENTENCES;

/** Every error that Cosimo raises on purpose. The native addon throws plain errors that have the same `code`. */
export class CosimoError extends Error {
  readonly code: ErrorCode;
  /** Seconds after which the call should be tried again; undefined when that is not known. */
  readonly retryAfter_s: number | undefined;

  constructor(code: ErrorCode, message: string = ERROR_SENTENCES[code], options: CosimoErrorOptions = {}) {
    super(message, options);
    this.name = 'CosimoError';
    this.code = code;
    this.retryAfter_s = options.retryAfter_s;
  }
}

export interface CosimoErrorOptions extends ErrorOptions {
  readonly retryAfter_s?: number | undefined;
}

/** The code of an error, wherever it was made: here, in another thread, or in the addon. Undefined for an internal error. */
export function errorCodeOf(error: unknown): ErrorCode | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && Object.hasOwn(ERROR_SENTENCES, code) ? (code as ErrorCode) : undefined;
}
