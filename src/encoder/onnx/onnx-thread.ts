/** An encoder in a thread of its own. */

import { JobThread } from '../../workers/job-thread.ts';
import type { Mortal } from '../../workers/supervisor.ts';
import type { Encoder } from '../encoder.ts';
import { packIds } from '../packed-ids.ts';
import type { GraphPrecision } from './graph-builder.ts';
import type { EncodeJob, EncodeResult, EncoderThreadFacts, EncoderThreadOptions } from './onnx-thread-protocol.ts';

export class EncoderThread implements Encoder, Mortal {
  readonly #thread: JobThread<EncodeJob, EncoderThreadFacts, EncodeResult>;

  private constructor(thread: JobThread<EncodeJob, EncoderThreadFacts, EncodeResult>) {
    this.#thread = thread;
  }

  /**
   * Starts the thread and loads the model.
   * @throws CosimoError `model_invalid`, `invalid_setting` (DEVICE=cuda without CUDA)
   */
  static async start(options: EncoderThreadOptions, log: (line: string) => void): Promise<EncoderThread> {
    const program = new URL('./onnx-thread-main.ts', import.meta.url);
    return new EncoderThread(await JobThread.start({ program, name: 'encoder', options, log }));
  }

  get dimensions(): number {
    return this.#thread.ready.dimensions;
  }

  get device(): 'cpu' | 'cuda' {
    return this.#thread.ready.device;
  }

  get precision(): GraphPrecision {
    return this.#thread.ready.precision;
  }

  get description(): string {
    return this.#thread.ready.description;
  }

  get pads(): boolean {
    return this.#thread.ready.pads;
  }

  get alive(): boolean {
    return this.#thread.alive;
  }

  /** One batch at a time, which can't be stopped: ONNX Runtime has the thread until it has ended. */
  encode(batch: readonly Int32Array[]): Promise<Float32Array> {
    const packed = packIds(batch);
    return this.#thread.run(packed, [packed.ids.buffer]);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
