/** An encoder of ONNX Runtime in a thread of its own. */
import { ThreadHandle } from '../../workers/thread-handle.ts';
import type { Encoder } from '../encoder.ts';
import { packIds } from '../packed-ids.ts';
import { startEncodingThread } from '../thread-errors.ts';
import type { GraphPrecision } from './graph-builder.ts';
import type { OnnxThreadFacts, OnnxThreadMethods, OnnxThreadOptions } from './onnx-thread-protocol.ts';

export class OnnxThread extends ThreadHandle<OnnxThreadMethods, OnnxThreadFacts> implements Encoder {
  /**
   * Starts the thread and loads the model.
   * @throws CosimoError `model_invalid`, `invalid_setting` (DEVICE=cuda without CUDA)
   */
  static async start(options: OnnxThreadOptions, log: (line: string) => void): Promise<OnnxThread> {
    const program = new URL('./onnx-thread-main.ts', import.meta.url);
    return new OnnxThread(await startEncodingThread({ program, name: 'encoder', options, log }));
  }

  get dimensions(): number {
    return this.thread.ready.dimensions;
  }

  get device(): 'cpu' | 'cuda' {
    return this.thread.ready.device;
  }

  get precision(): GraphPrecision {
    return this.thread.ready.precision;
  }

  get description(): string {
    return this.thread.ready.description;
  }

  get pads(): boolean {
    return this.thread.ready.pads;
  }

  /** One batch at a time, which can't be stopped: ONNX Runtime has the thread until it is done. */
  encode(batch: readonly Int32Array[]): Promise<Float32Array> {
    const packed = packIds(batch);
    return this.client.request('encode', packed, undefined, [packed.ids.buffer]);
  }
}
