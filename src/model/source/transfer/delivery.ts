/** What the sources of a model have in common. */
import type { ModelFile } from '../manifest.ts';
import type { Progress } from './progress.ts';

/** Bounds on waiting for a server. */
export interface Patience {
  /** Until the answer's headers have come. */
  readonly connect_ms: number;
  /** Between two pieces of a body. */
  readonly stall_ms: number;
  /** How often a broken download is taken up again. */
  readonly attempts: number;
  /** Pause before the second attempt; doubled before each further one. */
  readonly backoff_ms: number;
}

export const DEFAULT_PATIENCE: Patience = { connect_ms: 5_000, stall_ms: 20_000, attempts: 5, backoff_ms: 500 };

/** Where a source puts files, and whom it tells. */
export interface Delivery {
  /** The model's folder in our cache; may not exist yet. */
  readonly dir: string;
  /** Those still to be fetched. */
  readonly files: readonly ModelFile[];
  readonly environment: NodeJS.ProcessEnv;
  readonly patience: Patience;
  readonly progress: Progress;
  readonly log: (line: string) => void;
  /** Ends downloads and pip; what has come so far is kept for the next start. */
  readonly signal: AbortSignal | undefined;
}
