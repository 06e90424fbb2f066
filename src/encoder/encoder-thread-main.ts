/** An encoder's thread: the session lives here, since it blocks whoever calls it. */
import type { EncodeJob, EncodeResult, EncoderThreadFacts, EncoderThreadOptions } from './encoder-thread-protocol.ts';
import { createOnnxEncoder } from './onnx-encoder.ts';
import { unpackIds } from './packed-ids.ts';
import { serveJobs } from './serve-jobs.ts';

await serveJobs<EncoderThreadOptions, EncodeJob, EncoderThreadFacts, EncodeResult>(async (options, log) => {
  const encoder = await createOnnxEncoder({ ...options, log });
  const { dimensions, device, precision, description, pads } = encoder;
  return {
    ready: { dimensions, device, precision, description, pads },
    async run(job) {
      const result = (await encoder.encode(unpackIds(job))) as EncodeResult;
      return { result, transfer: [result.buffer] };
    },
  };
});
