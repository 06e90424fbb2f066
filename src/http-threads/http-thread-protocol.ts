/** The messages of the main thread to an HTTP thread: its options, and the methods that it answers. */
import type { Config } from '../config.ts';
import type { Prompts } from '../model/prompts.ts';
import type { ServedModel } from '../service/engine.ts';

export interface HttpThreadOptions {
  readonly config: Config;
  readonly port: number;
  /** Its row of the counts; there are `rows` of them. */
  readonly row: number;
  readonly rows: number;
  readonly counts: SharedArrayBuffer;
}

/** What the thread sends once it listens. */
export interface HttpThreadFacts {
  /** The routes, in the order of their counts. It is the same in all threads. */
  readonly routes: readonly string[];
}

/** What a thread must know of the engine to serve. */
export interface EngineFacts {
  readonly model: ServedModel;
  readonly prompts: Prompts;
  /** The cache's number, see `share()`. */
  readonly cache: number;
}

export interface HttpThreadMethods {
  /** From now on requests are answered by the engine. */
  serve(engine: EngineFacts): void;
  /** Lets what has come in whole be answered; refuses what is new. */
  close(args: null): void;
}
