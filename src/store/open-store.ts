/** The document store that DATA_DIR asks for. */
import type { DocumentStore } from './document-store.ts';
import { LmdbStore, type LmdbStoreOptions } from './lmdb/lmdb-store.ts';
import { MemoryStore } from './memory-store.ts';

/**
 * @param dir the setting DATA_DIR: a folder, or `:memory:` for a store that keeps nothing
 * @throws CosimoError `store_unavailable`, `index_model_mismatch`
 */
export function openStore(dir: string, options: Omit<LmdbStoreOptions, 'dir'>): DocumentStore {
  return dir === ':memory:' ? new MemoryStore() : new LmdbStore({ dir, ...options });
}
