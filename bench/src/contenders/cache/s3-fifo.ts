/**
 * S3-FIFO as its paper has it ("FIFO queues are all you need for cache eviction", SOSP 2023, algorithm 1), entry by entry: the
 * reference for Cosimo's cache, which keeps the same rules. All entries have one size, and the capacity is a number of entries.
 */
import { serveRounds } from '../../trial/protocol.ts';
import { type CacheSpec, type CopyingCache, traceWork } from './trace-rounds.ts';

const MOST_COUNTED = 3;
const SMALL_PART = 0.1;

class PlainS3Fifo implements CopyingCache {
  readonly #capacity: number;
  readonly #entries = new Map<string, { vector: Float32Array; hits: number }>();
  readonly #small = new Fifo();
  readonly #main = new Fifo();
  readonly #ghosts = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): Float32Array | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.hits = Math.min(entry.hits + 1, MOST_COUNTED);
    return entry.vector;
  }

  set(key: string, vector: Float32Array): void {
    if (this.#entries.has(key)) return;
    while (this.#entries.size >= this.#capacity) this.#evict();
    (this.#ghosts.delete(key) ? this.#main : this.#small).push(key);
    this.#entries.set(key, { vector, hits: 0 });
  }

  size(): number {
    return this.#entries.size;
  }

  #evict(): void {
    if (this.#small.size >= this.#capacity * SMALL_PART) this.#evictSmall();
    else this.#evictMain();
  }

  #evictSmall(): void {
    const key = this.#small.shift();
    const entry = this.#entries.get(key) as { hits: number };
    if (entry.hits > 0) {
      entry.hits = 0;
      this.#main.push(key);
      return;
    }
    this.#entries.delete(key);
    this.#ghosts.add(key);
    // A set keeps the order in which keys came.
    if (this.#ghosts.size > this.#capacity * (1 - SMALL_PART))
      this.#ghosts.delete(this.#ghosts.keys().next().value ?? '');
  }

  #evictMain(): void {
    const key = this.#main.shift();
    const entry = this.#entries.get(key) as { hits: number };
    if (entry.hits > 0) {
      entry.hits -= 1;
      this.#main.push(key);
    } else this.#entries.delete(key);
  }
}

class Fifo {
  #keys: string[] = [];
  #first = 0;

  get size(): number {
    return this.#keys.length - this.#first;
  }

  push(key: string): void {
    this.#keys.push(key);
  }

  shift(): string {
    const key = this.#keys[this.#first++] as string;
    if (this.#first * 2 > this.#keys.length) {
      this.#keys = this.#keys.slice(this.#first);
      this.#first = 0;
    }
    return key;
  }
}

await serveRounds<CacheSpec>((spec) => traceWork(spec, new PlainS3Fifo(spec.entries)));
