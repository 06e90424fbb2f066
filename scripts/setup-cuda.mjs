/** `npm run setup:cuda`: sets up what is missing, then fetches what ONNX Runtime needs to encode on an NVIDIA GPU. */
import { fail, runNode, setUp } from './set-up.mjs';

if (process.platform !== 'linux' || process.arch !== 'x64') {
  fail(`ONNX Runtime's CUDA provider is made for Linux on x86-64, and this is ${process.platform} on ${process.arch}`);
}
await setUp();
process.exit(await runNode(['src/cli/fetch-cuda.ts']));
