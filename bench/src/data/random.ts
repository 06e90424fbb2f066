/** Seeded random numbers: the same seed gives the same numbers on every machine. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Random {
  /** A number in [0, 1). */
  readonly uniform: () => number;
  /** A whole number from 0 to below - 1. */
  readonly integer: (below: number) => number;
  /** A number with mean 0 and variance 1. */
  readonly gaussian: () => number;
  /** A number with mean 1: the gap between two events of a Poisson process of rate 1. */
  readonly exponential: () => number;
}

/** Mixes the seed: the first numbers of a small one would show its zero bits. */
const WARM_UP_DRAWS = 64;

export function seededRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  for (let i = 0; i < WARM_UP_DRAWS; i += 1) generator.next();
  const uniform = () => (generator.next() >>> 0) / 2 ** 32;
  let spare: number | undefined;
  // Marsaglia's polar method gives two at a time.
  const gaussian = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const [x, y] = [2 * uniform() - 1, 2 * uniform() - 1];
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  };
  return {
    uniform,
    integer: (below) => Math.floor(uniform() * below),
    gaussian,
    exponential: () => -Math.log(1 - uniform()),
  };
}

/** Draws 0, 1, … count - 1 with probability proportional to 1 / (i + 1)^exponent. */
export function zipf(random: Random, count: number, exponent: number): () => number {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i += 1) {
    sum += (i + 1) ** -exponent;
    cumulative[i] = sum;
  }
  return () => {
    const wanted = random.uniform() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Shuffles the items in place (Fisher and Yates). */
export function shuffled<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = random.integer(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
