/** The default of MAX_INDEX_BYTES. */
import { totalmem } from 'node:os';

const INDEX_SHARE = 0.75;

/**
 * Three quarters of what this process may use; the rest is for the model, the cache, and the pages of the store.
 * @param constrained_bytes limit of the container; without a limit it is 0 or more than the machine has
 */
export function defaultIndexBytes(constrained_bytes = process.constrainedMemory(), machine_bytes = totalmem()): number {
  const usable_bytes = constrained_bytes > 0 ? Math.min(constrained_bytes, machine_bytes) : machine_bytes;
  return Math.floor(usable_bytes * INDEX_SHARE);
}
