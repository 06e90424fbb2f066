/** A thread of ONNX Runtime: the session lives here, since its calls block their thread. */
import { Transferred } from '../../workers/rpc-server.ts';
import { runThread } from '../../workers/thread-program.ts';
import { orInferenceFailed } from '../encoding-thread.ts';
import { unpackIds } from '../packed-ids.ts';
import { createOnnxEncoder } from './onnx-encoder.ts';
import type { OnnxThreadCalls, OnnxThreadFacts, OnnxThreadOptions } from './onnx-thread-protocol.ts';

await runThread<OnnxThreadOptions, OnnxThreadCalls, OnnxThreadFacts>(async (options, { log }) => {
  const encoder = await createOnnxEncoder({ ...options, log });
  const { dimensions, device, precision, description, pads } = encoder;
  return {
    ready: { dimensions, device, precision, description, pads },
    handlers: {
      async encode(batch) {
        const vectors = (await orInferenceFailed(encoder.encode(unpackIds(batch)))) as Float32Array<ArrayBuffer>;
        return new Transferred(vectors, [vectors.buffer]);
      },
    },
  };
});
