/** The tokenizer's thread: tokenizing a batch takes milliseconds, and runs while the encoder works on the previous batch. */
import { Transferred } from '../../workers/rpc-server.ts';
import { runThread } from '../../workers/thread-program.ts';
import { packIds } from '../packed-ids.ts';
import { withErrorCode } from '../thread-errors.ts';
import { loadTokenizer } from './tokenizer.ts';
import type { TokenizerFacts, TokenizerMethods, TokenizerThreadOptions } from './tokenizer-thread-protocol.ts';

await runThread<TokenizerThreadOptions, TokenizerMethods, TokenizerFacts>(async ({ model }) => {
  const tokenizer = await withErrorCode('model_invalid', loadTokenizer(model.dir, model.config));
  return {
    ready: { special: tokenizer.special },
    handlers: {
      async tokenize(texts) {
        const tokenized = await withErrorCode('inference_failed', tokenizer.tokenize(texts));
        const packed = packIds(tokenized.map(({ ids }) => ids));
        const truncated = tokenized.map((text) => text.truncated);
        return new Transferred({ ...packed, truncated }, [packed.ids.buffer]);
      },
    },
  };
});
