/** An encoder thread that is started again when it has died, and probed after a failure until it works. */
import { type EncodedTexts, EncoderThread } from './encoder-thread.ts';
import type { EncoderThreadOptions } from './encoder-thread-protocol.ts';

const PROBE_TEXT = 'Is the model able to encode?';
const PROBE_INTERVAL_MS = 1000;

export class SupervisedEncoder {
  readonly #options: EncoderThreadOptions;
  readonly #log: (line: string) => void;
  #thread: EncoderThread;
  #probe: NodeJS.Timeout | undefined;
  #closed = false;
  /** Called to encode the probe: through the queue, since the thread takes one job at a time. */
  #encodeProbe: ((text: string) => Promise<unknown>) | undefined;

  private constructor(options: EncoderThreadOptions, log: (line: string) => void, thread: EncoderThread) {
    this.#options = options;
    this.#log = log;
    this.#thread = thread;
  }

  /** @throws CosimoError `model_invalid`, `invalid_setting` */
  static async start(options: EncoderThreadOptions, log: (line: string) => void): Promise<SupervisedEncoder> {
    return new SupervisedEncoder(options, log, await EncoderThread.start(options, log));
  }

  get dimensions(): number {
    return this.#thread.dimensions;
  }

  get description(): string {
    return this.#thread.description;
  }

  /** False from a failed inference until the next one that works. */
  get healthy(): boolean {
    return this.#probe === undefined;
  }

  /** Says how to get a text encoded; from then on failures are followed by probes. */
  probeThrough(encode: (text: string) => Promise<unknown>): void {
    this.#encodeProbe = encode;
  }

  /** One job at a time. @throws CosimoError `inference_failed` */
  async encode(texts: readonly string[]): Promise<EncodedTexts> {
    try {
      if (!this.#thread.alive && !this.#closed) this.#thread = await EncoderThread.start(this.#options, this.#log);
      const encoded = await this.#thread.encode(texts);
      clearInterval(this.#probe);
      this.#probe = undefined;
      return encoded;
    } catch (error) {
      this.#startProbing(error as Error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#probe);
    await this.#thread.close();
  }

  #startProbing(error: Error): void {
    if (this.#closed || this.#probe !== undefined) return;
    this.#log(`Inference failed: ${error.message}`);
    this.#probe = setInterval(() => this.#encodeProbe?.(PROBE_TEXT).catch(() => {}), PROBE_INTERVAL_MS);
    this.#probe.unref();
  }
}
