/** Request bodies that are coming in: their bytes are bounded in sum, and none may come too slowly. */
import type { BodyBytes } from './body-bytes.ts';

export interface UploadLimits {
  /** Most bytes of all bodies together. Past them the largest is refused, so that small ones are served. */
  readonly bytesMax: number;
  /** A body of which nothing has come for so long is refused. */
  readonly idle_ms: number;
  /** So is a body that takes longer than this and a second for each `bytesPerS`. */
  readonly grace_ms: number;
  readonly bytesPerS: number;
}

export interface Upload {
  readonly body: BodyBytes;
  /** Called at most once, and not after `end`. */
  readonly refuse: (reason: RefusalReason) => void;
}

export type RefusalReason = 'too many bytes' | 'too slow';

interface Progress {
  readonly began_ms: number;
  arrived_ms: number;
}

const LOOKS_PER_IDLE_TIME = 4;

export class Uploads {
  readonly #limits: UploadLimits;
  readonly #progress = new Map<Upload, Progress>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: UploadLimits) {
    this.#limits = limits;
  }

  /** Bytes of all bodies that are coming in. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(upload: Upload): void {
    const now_ms = performance.now();
    this.#progress.set(upload, { began_ms: now_ms, arrived_ms: now_ms });
    // It goes on until a look finds no body: most bodies are shorter than the time of a timer's making.
    this.#timer ??= setInterval(() => this.#look(), this.#limits.idle_ms / LOOKS_PER_IDLE_TIME).unref();
  }

  /** The body has grown. Refuses the largest bodies, this one perhaps, until all together fit. */
  grown(upload: Upload, bytes: number): void {
    const progress = this.#progress.get(upload);
    if (progress === undefined) return;
    progress.arrived_ms = performance.now();
    this.#bytes += bytes;
    while (this.#bytes > this.#limits.bytesMax) this.#refuse(this.#largest(), 'too many bytes');
  }

  /** The body came in whole, or never will. */
  end(upload: Upload): void {
    if (this.#progress.delete(upload)) this.#bytes -= upload.body.length;
  }

  #largest(): Upload {
    let largest: Upload | undefined;
    for (const upload of this.#progress.keys()) {
      if (largest === undefined || upload.body.length > largest.body.length) largest = upload;
    }
    return largest as Upload;
  }

  #look(): void {
    const { idle_ms, grace_ms, bytesPerS } = this.#limits;
    const now_ms = performance.now();
    for (const [upload, { began_ms, arrived_ms }] of this.#progress) {
      const latest_ms = began_ms + grace_ms + (upload.body.length / bytesPerS) * 1000;
      if (now_ms > Math.min(arrived_ms + idle_ms, latest_ms)) this.#refuse(upload, 'too slow');
    }
    if (this.#progress.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #refuse(upload: Upload, reason: RefusalReason): void {
    this.end(upload);
    upload.refuse(reason);
  }
}
