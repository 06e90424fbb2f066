/** How many encoders work side by side, each with how many threads: what is worth trying on so many cores. */

export interface Arrangement {
  readonly workers: number;
  /** Of one inference. */
  readonly threads: number;
}

export interface WantedArrangement {
  /** 0 leaves it to measuring. */
  readonly workers: number;
  readonly threads: number;
}

/** Each worker has weights of its own. */
const WORKERS_TRIED_MAX = 8;

/**
 * Fewest workers first: a text that comes alone is encoded soonest by most threads.
 * @returns one alone where nothing is left to measuring
 */
export function arrangementsFor(wanted: WantedArrangement, cores: number): Arrangement[] {
  const { workers, threads } = wanted;
  // Threads alone are what one encoder may use; workers alone share the cores.
  if (threads > 0) return [{ workers: Math.max(1, workers), threads }];
  if (workers > 0) return [{ workers, threads: Math.max(1, Math.floor(cores / workers)) }];
  const arrangements: Arrangement[] = [];
  for (let count = 1; count <= Math.min(cores, WORKERS_TRIED_MAX); count *= 2) {
    arrangements.push({ workers: count, threads: Math.floor(cores / count) });
  }
  return arrangements;
}

/** More workers must be so much faster to be worth slower single texts and a copy of the weights each. */
const WORTHWHILE = 1.1;

/** @param tokensPerMs of each arrangement, in the order of `arrangementsFor`; @returns the position of the one to take */
export function fastestArrangement(tokensPerMs: readonly number[]): number {
  let best = 0;
  for (const [at, rate] of tokensPerMs.entries()) {
    if (rate > WORTHWHILE * (tokensPerMs[best] as number)) best = at;
  }
  return best;
}
