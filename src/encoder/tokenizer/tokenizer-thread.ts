/** The tokenizer in a thread of its own. */
import { JobThread } from '../../workers/job-thread.ts';
import type { Mortal } from '../../workers/supervisor.ts';
import { unpackIds } from '../packed-ids.ts';
import type { SpecialTokens, TokenizedText, Tokenizer } from './tokenizer.ts';
import type {
  TokenizeJob,
  TokenizeResult,
  TokenizerFacts,
  TokenizerThreadOptions,
} from './tokenizer-thread-protocol.ts';

export class TokenizerThread implements Tokenizer, Mortal {
  readonly #thread: JobThread<TokenizeJob, TokenizerFacts, TokenizeResult>;

  private constructor(thread: JobThread<TokenizeJob, TokenizerFacts, TokenizeResult>) {
    this.#thread = thread;
  }

  /** @throws CosimoError `model_invalid` */
  static async start(options: TokenizerThreadOptions, log: (line: string) => void): Promise<TokenizerThread> {
    const program = new URL('./tokenizer-thread-main.ts', import.meta.url);
    return new TokenizerThread(await JobThread.start({ program, name: 'tokenizer', options, log }));
  }

  /** Tokens of a text that the model sees, at most. */
  get maxTokens(): number {
    return this.#thread.ready.maxTokens;
  }

  get special(): SpecialTokens {
    return this.#thread.ready.special;
  }

  get alive(): boolean {
    return this.#thread.alive;
  }

  async tokenize(texts: readonly string[]): Promise<TokenizedText[]> {
    const result = await this.#thread.run(texts);
    return unpackIds(result).map((ids, at) => ({ ids, truncated: result.truncated[at] as boolean }));
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
