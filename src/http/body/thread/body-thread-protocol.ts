/** What the event loop and a body thread say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { FirstFault } from '../validation-faults.ts';

/** The calls refuse larger values. Of a value over its limit only limit + 1 elements are passed on, enough to be refused. */
export interface BodyLimits {
  /** Most elements of a list. */
  readonly listItems: number;
  /** Longest string, in UTF-8 bytes. */
  readonly stringBytes: number;
}

export interface BodyThreadOptions {
  readonly limits: BodyLimits;
}

export interface BodyThreadMethods {
  /** @throws CosimoError `out_of_memory` */
  read(body: UnreadBody): BodyOutcome;
}

export interface UnreadBody {
  readonly schemaId: string;
  readonly contentType: string | undefined;
  /** The bytes, one block after another; the last may be longer than what `length` leaves for it. */
  readonly blocks: readonly ArrayBuffer[];
  readonly length: number;
  /** Takes the parts of a valid body; the event loop fetches them from it one by one. */
  readonly parts: MessagePort;
}

export type BodyOutcome =
  /** The body is valid, this many parts of it are at the port. */
  | { readonly kind: 'read'; readonly parts: number }
  /** `json` is the body of the 422. */
  | { readonly kind: 'faults'; readonly first: FirstFault; readonly json: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'unreadable' };

/** A field of the body, or some more elements of a field that is a list. Small, unless a single string in it is long. */
export type BodyPart =
  | { readonly field: string; readonly value: unknown }
  | { readonly field: string; readonly items: readonly unknown[] };

/** The sentence of `out_of_memory` for clients, whether a body thread or the event loop finds out. */
export const NO_MEMORY = 'Not enough memory to read this request body';
