/** A thread of ONNX Runtime: the session lives here, since its calls block their thread. */
import { Transferred } from '../../workers/rpc-server.ts';
import { runThread } from '../../workers/thread-program.ts';
import { unpackIds } from '../packed-ids.ts';
import { withErrorCode } from '../thread-errors.ts';
import { createOnnxEncoder } from './onnx-encoder.ts';
import type { OnnxThreadFacts, OnnxThreadMethods, OnnxThreadOptions } from './onnx-thread-protocol.ts';

await runThread<OnnxThreadOptions, OnnxThreadMethods, OnnxThreadFacts>(async (options, { log }) => {
  const encoder = await withErrorCode('model_invalid', createOnnxEncoder({ ...options, log }));
  const { dimensions, device, precision, description, pads } = encoder;
  return {
    ready: { dimensions, device, precision, description, pads },
    handlers: {
      async encode(batch) {
        const vectors = (await withErrorCode(
          'inference_failed',
          encoder.encode(unpackIds(batch)),
        )) as Float32Array<ArrayBuffer>;
        return new Transferred(vectors, [vectors.buffer]);
      },
    },
  };
});
