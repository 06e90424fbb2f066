/** Compares the answers of contenders: times are comparable only when the answers agree. */
import type { Answers, HitAnswers, VectorAnswers } from '../trial/protocol.ts';
import type { Agreement } from './results.ts';

/** Sums of 384 products in float32 differ by their order: scores nearer than this are ties. */
const SCORE_TOLERANCE = 1e-5;
/** The least cosine between two float32 encoders of one model; trials of lower precisions give their own. */
const COSINE_MIN = 0.9999;

/** @param cosineMin the least cosine of `vectors`, for a contender of lower precision */
export function compareAnswers(
  kind: 'hits' | 'vectors',
  own: Answers,
  other: Answers,
  cosineMin = COSINE_MIN,
): Agreement {
  if (own === null || other === null) return { same: false, sentence: 'gave no answers to compare' };
  return kind === 'hits'
    ? compareHits(own as HitAnswers, other as HitAnswers)
    : compareVectors(own as VectorAnswers, other as VectorAnswers, cosineMin);
}

/** Scores must agree position by position; ids too, except where scores tie. */
export function compareHits(own: HitAnswers, other: HitAnswers): Agreement {
  let worst = 0;
  let swapped = 0;
  let wrong = 0;
  own.ids.forEach((ids, query) => {
    const [scores, otherScores] = [own.scores[query] as number[], other.scores[query] ?? []];
    const found = new Set(other.ids[query]);
    const last = scores.at(-1) ?? 0;
    const lengthDiffers = otherScores.length !== scores.length || found.size !== scores.length;
    const differs = ids.some((id, at) => {
      const score = scores[at] as number;
      const difference = Math.abs(score - (otherScores[at] ?? Number.NaN));
      worst = Math.max(worst, Number.isNaN(difference) ? 2 : difference);
      // A row may be left out only where it ties with the last one.
      return !(difference <= SCORE_TOLERANCE) || (!found.has(id) && score > last + SCORE_TOLERANCE);
    });
    if (lengthDiffers || differs) wrong += 1;
    else if (ids.some((id, at) => id !== other.ids[query]?.[at])) swapped += 1;
  });
  const queries = own.ids.length;
  if (queries === 0 || other.ids.length !== queries) {
    return { same: false, sentence: `answered ${other.ids.length} of ${queries} queries` };
  }
  if (wrong > 0) return { same: false, sentence: `other hits for ${wrong} of ${queries} queries` };
  const ties = swapped === 0 ? '' : `, ties in another order for ${swapped}`;
  return { same: true, sentence: `same hits for ${queries} queries${ties}, scores within ${worst.toExponential(0)}` };
}

/** Compares each vector with the subject's by cosine. */
export function compareVectors(own: VectorAnswers, other: VectorAnswers, cosineMin = COSINE_MIN): Agreement {
  if (own.vectors.length === 0 || own.vectors.length !== other.vectors.length) {
    return { same: false, sentence: `gave ${other.vectors.length} vectors for ${own.vectors.length} texts` };
  }
  const cosines = own.vectors.map((vector, at) => cosine(vector, other.vectors[at] ?? []));
  const worst = Math.min(...cosines);
  const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
  return {
    same: worst >= cosineMin,
    sentence: `cosine to the subject's vectors: mean ${mean.toFixed(6)}, worst ${worst.toFixed(6)}`,
  };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return -1;
  let [product, squareA, squareB] = [0, 0, 0];
  a.forEach((value, i) => {
    product += value * (b[i] as number);
    squareA += value * value;
    squareB += (b[i] as number) ** 2;
  });
  return product / Math.sqrt(squareA * squareB);
}
