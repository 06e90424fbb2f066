/** The tokenizer in a thread of its own. */
import { ThreadHandle } from '../../workers/thread-handle.ts';
import { unpackIds } from '../packed-ids.ts';
import { startEncodingThread } from '../thread-errors.ts';
import type { SpecialTokens, TokenizedText, Tokenizer } from './tokenizer.ts';
import type { TokenizerFacts, TokenizerMethods, TokenizerThreadOptions } from './tokenizer-thread-protocol.ts';

export class TokenizerThread extends ThreadHandle<TokenizerMethods, TokenizerFacts> implements Tokenizer {
  /** @throws CosimoError `model_invalid` */
  static async start(options: TokenizerThreadOptions, log: (line: string) => void): Promise<TokenizerThread> {
    const program = new URL('./tokenizer-thread-main.ts', import.meta.url);
    return new TokenizerThread(await startEncodingThread({ program, name: 'tokenizer', options, log }));
  }

  get special(): SpecialTokens {
    return this.thread.ready.special;
  }

  /** @throws CosimoError `inference_failed`; `encoder_lost` when the thread ends meanwhile */
  async tokenize(texts: readonly string[]): Promise<TokenizedText[]> {
    const packed = await this.client.request('tokenize', texts);
    return unpackIds(packed).map((ids, at) => ({ ids, truncated: packed.truncated[at] as boolean }));
  }
}
