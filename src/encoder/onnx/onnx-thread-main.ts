/** An encoder's thread: the session lives here, since it blocks whoever calls it. */

import { serveJobs } from '../../workers/serve-jobs.ts';
import { unpackIds } from '../packed-ids.ts';
import { createOnnxEncoder } from './onnx-encoder.ts';
import type { EncodeJob, EncodeResult, EncoderThreadFacts, EncoderThreadOptions } from './onnx-thread-protocol.ts';

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
