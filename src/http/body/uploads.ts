/** Request bodies that are coming in: their bytes are bounded in sum, and none may come too slowly. */
import type { BodyBytes } from './body-bytes.ts';

export interface UploadLimits {
  /** Most bytes of all bodies together. Past them large ones are refused. */
  readonly bytesMax: number;
  /** A body of which nothing has come for so long is refused. */
  readonly idle_ms: number;
  /** So is a body that takes longer than this and a second for each `bytesPerS`. */
  readonly grace_ms: number;
  readonly bytesPerS: number;
}

export interface Upload {
  readonly body: BodyBytes;
  /** Called at most once, when the body no longer counts. */
  readonly refuse: (reason: RefusalReason) => void;
}

export type RefusalReason = 'too many bytes' | 'too slow';

interface Progress {
  began_ms: number;
  arrived_ms: number;
}

const LOOKS_PER_IDLE_TIME = 4;

export class Uploads {
  readonly #limits: UploadLimits;
  readonly #progress = new Map<Upload, Progress>();
  readonly #lookEvery_ms: number;
  #bytes = 0;
  #looked_ms = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: UploadLimits) {
    this.#limits = limits;
    this.#lookEvery_ms = limits.idle_ms / LOOKS_PER_IDLE_TIME;
  }

  /** Bytes of all bodies that are coming in. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(upload: Upload): void {
    const now_ms = performance.now();
    this.#progress.set(upload, { began_ms: now_ms, arrived_ms: now_ms });
    // It goes on until a look finds no body: most bodies are shorter than the time of a timer's making.
    if (this.#timer !== undefined) return;
    this.#looked_ms = now_ms;
    this.#timer = setInterval(() => this.#look(), this.#lookEvery_ms).unref();
  }

  /** The body has grown. Refuses bodies, this one perhaps, until all together fit. */
  grown(upload: Upload, bytes: number): void {
    const progress = this.#progress.get(upload);
    if (progress === undefined) return;
    progress.arrived_ms = performance.now();
    this.#bytes += bytes;
    while (this.#bytes > this.#limits.bytesMax) this.#refuse(this.#expendable(), 'too many bytes');
  }

  /** The body came in whole, or never will. */
  end(upload: Upload): void {
    if (this.#progress.delete(upload)) this.#bytes -= upload.body.length;
  }

  /**
   * Of the large bodies, those not below the average, the last to begin; or the largest of the others, if there is only one large
   * body. So small ones are served, and the oldest large one comes in whole.
   */
  #expendable(): Upload {
    const uploads = [...this.#progress.keys()];
    const average = this.#bytes / uploads.length;
    const [oldest, ...younger] = uploads.filter(({ body }) => body.length >= average) as [Upload, ...Upload[]];
    const others = uploads.filter((upload) => upload !== oldest);
    return younger.at(-1) ?? others.toSorted((a, b) => a.body.length - b.body.length).at(-1) ?? oldest;
  }

  #look(): void {
    const { idle_ms, grace_ms, bytesPerS } = this.#limits;
    const now_ms = performance.now();
    const pause_ms = now_ms - this.#looked_ms - 2 * this.#lookEvery_ms;
    this.#looked_ms = now_ms;
    for (const [upload, progress] of this.#progress) {
      // The process stood still, and what has come meanwhile is not read yet.
      if (pause_ms > 0) progress.began_ms = progress.arrived_ms = now_ms;
      const { began_ms, arrived_ms } = progress;
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
