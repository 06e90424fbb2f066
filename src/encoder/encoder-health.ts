/**
 * Whether inference works. Once a text has failed for good, it counts as broken until a batch is encoded. Until then a probe
 * tries once per second.
 */

const PROBE_TEXT = 'Is the model able to encode?';
const PROBE_INTERVAL_MS = 1000;

export class EncoderHealth {
  readonly #encode: (text: string) => Promise<unknown>;
  readonly #log: (line: string) => void;
  #probe: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param encode encodes a text for real, from no cache */
  constructor(encode: (text: string) => Promise<unknown>, log: (line: string) => void) {
    this.#encode = encode;
    this.#log = log;
  }

  get healthy(): boolean {
    return this.#probe === undefined;
  }

  worked(): void {
    clearInterval(this.#probe);
    this.#probe = undefined;
  }

  failed(error: Error): void {
    if (this.#closed || this.#probe !== undefined) return;
    this.#log(`Inference failed: ${error.message}`);
    this.#probe = setInterval(() => this.#encode(PROBE_TEXT).catch(() => {}), PROBE_INTERVAL_MS);
    this.#probe.unref();
  }

  close(): void {
    this.#closed = true;
    this.worked();
  }
}
