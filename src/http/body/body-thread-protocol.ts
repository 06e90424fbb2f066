/** What the event loop and the body thread say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { FirstFault } from './validation-faults.ts';

/** What the calls refuse anyway; of what is past them no more is passed on than shows that it is. */
export interface BodyLimits {
  /** Most elements of a list. */
  readonly listItems: number;
  /** Longest string, in UTF-8 bytes. */
  readonly stringBytes: number;
}

export interface BodyThreadOptions {
  readonly limits: BodyLimits;
  /** Where the parts of a body are left, for the event loop to fetch one by one. */
  readonly parts: MessagePort;
}

export interface BodyJob {
  readonly schemaId: string;
  readonly contentType: string | undefined;
  /** The bytes, one block after another; the last may be longer than what `length` leaves for it. */
  readonly blocks: readonly ArrayBuffer[];
  readonly length: number;
}

/** A field of the body, or some more elements of a field that is a list. Small, but for a long string alone in it. */
export type BodyPart =
  | { readonly field: string; readonly value: unknown }
  | { readonly field: string; readonly items: readonly unknown[] };

export type BodyThreadMessage =
  /** The body is valid, this many parts of it are at the port. */
  | { readonly kind: 'read'; readonly parts: number }
  /** `json` is the body of the 422. */
  | { readonly kind: 'faults'; readonly first: FirstFault; readonly json: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'unreadable' };
