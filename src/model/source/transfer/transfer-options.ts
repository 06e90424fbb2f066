/** What every source of a model gets: which files to fetch, where to put them, how long to wait. */
import type { Progress } from '../../../progress.ts';
import type { ModelFile } from '../manifest.ts';

/** How long to wait for a server, and how often to try. */
export interface TransferTimeouts {
  /** Longest wait for the answer's headers. */
  readonly connect_ms: number;
  /** Longest pause between two pieces of a body. */
  readonly stall_ms: number;
  /** Most attempts at a download, the first one included. */
  readonly attempts: number;
  /** Pause before the second attempt; doubled before each further one. */
  readonly backoff_ms: number;
}

export const DEFAULT_TIMEOUTS: TransferTimeouts = { connect_ms: 5_000, stall_ms: 20_000, attempts: 5, backoff_ms: 500 };

/** How files are fetched, and who learns of it. */
export interface TransferOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly timeouts: TransferTimeouts;
  readonly progress: Progress;
  readonly log: (line: string) => void;
  /** Ends downloads and pip; what they have fetched so far is kept for the next start. */
  readonly signal: AbortSignal | undefined;
}

/** Files to fetch into a folder. */
export interface FetchJob extends TransferOptions {
  /** The model's folder in our cache; may not exist yet. */
  readonly dir: string;
  /** The files to be fetched. */
  readonly files: readonly ModelFile[];
}
