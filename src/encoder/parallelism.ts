/** How many encoders work side by side, and with how many threads each. */

export interface Parallelism {
  /** Encoders side by side. */
  readonly workers: number;
  /** Threads of one inference. */
  readonly threads: number;
}

/** The settings ENCODER_WORKERS and ENCODER_THREADS: 0 leaves the choice to Cosimo. */
export interface ParallelismSettings {
  readonly workers: number;
  readonly threads: number;
}

/** Most workers that are tried, since each copies the weights. */
const CANDIDATE_WORKERS_MAX = 8;

/**
 * Combinations to measure on `cores` cores, fewest workers first: one text is fastest with many threads.
 * @returns a single candidate where the settings leave nothing to choose
 */
export function parallelismCandidates({ workers, threads }: ParallelismSettings, cores: number): Parallelism[] {
  // ENCODER_THREADS alone sets the threads of one encoder; ENCODER_WORKERS alone divides the cores.
  if (threads > 0) return [{ workers: Math.max(1, workers), threads }];
  if (workers > 0) return [{ workers, threads: Math.max(1, Math.floor(cores / workers)) }];
  const candidates: Parallelism[] = [];
  for (let count = 1; count <= Math.min(cores, CANDIDATE_WORKERS_MAX); count *= 2) {
    candidates.push({ workers: count, threads: Math.floor(cores / count) });
  }
  return candidates;
}

/** More workers mean slower single texts and more copies of the weights: they must be this much faster to be chosen. */
const WORTHWHILE_SPEEDUP = 1.1;

/** @param tokensPerMs of each candidate, fewest workers first; @returns the position of the one to choose */
export function bestCandidate(tokensPerMs: readonly number[]): number {
  let best = 0;
  for (const [at, rate] of tokensPerMs.entries()) {
    if (rate > WORTHWHILE_SPEEDUP * (tokensPerMs[best] as number)) best = at;
  }
  return best;
}
