/** A document, as callers of the service see it. */
import type { StoredDocument } from '../store/document-store.ts';

/** A document as it was given: its id, its text, and its metadata as JSON text. */
export type Document = StoredDocument;

/** The longest id, in bytes of UTF-8. No store takes a longer one. */
export const ID_BYTES_MAX = 512;
