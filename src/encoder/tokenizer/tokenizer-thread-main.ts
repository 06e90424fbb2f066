/** The tokenizer's thread: tokenizing a batch takes milliseconds, and runs while the encoder works on the one before. */
import { readModelConfig } from '../../model/model-config.ts';
import { serveJobs } from '../../workers/serve-jobs.ts';
import { packIds } from '../packed-ids.ts';
import { loadTokenizer } from './tokenizer.ts';
import type {
  TokenizeJob,
  TokenizeResult,
  TokenizerFacts,
  TokenizerThreadOptions,
} from './tokenizer-thread-protocol.ts';

await serveJobs<TokenizerThreadOptions, TokenizeJob, TokenizerFacts, TokenizeResult>(async ({ modelDir }) => {
  const config = await readModelConfig(modelDir);
  const tokenizer = await loadTokenizer(modelDir, config);
  return {
    ready: { maxTokens: config.maxSeqLength, special: tokenizer.special },
    async run(texts) {
      const tokenized = await tokenizer.tokenize(texts);
      const packed = packIds(tokenized.map(({ ids }) => ids));
      const truncated = tokenized.map((text) => text.truncated);
      return { result: { ...packed, truncated }, transfer: [packed.ids.buffer] };
    },
  };
});
