/** Seeded random numbers for tests: the same seed gives the same numbers on every machine. */

export interface Random {
  /** A number in [0, 1). */
  readonly uniform: () => number;
  /** A whole number from 0 to below - 1. */
  readonly integer: (below: number) => number;
  /** A number with mean 0 and variance 1. */
  readonly gaussian: () => number;
}

/** The generator is Mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    integer: (below) => Math.floor(uniform() * below),
    gaussian: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}
