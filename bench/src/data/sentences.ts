/** Splits running text into sentences. */

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** @returns the sentences of a text in which line breaks and repeated blanks mean nothing */
export function* sentencesIn(text: string): Generator<string> {
  for (const { segment } of segmenter.segment(text.replaceAll(/\s+/g, ' ').trim())) yield segment.trim();
}
