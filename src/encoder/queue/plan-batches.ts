/** How texts are put together into inferences. */

/**
 * Splits texts into inferences at the least total cost. Texts of similar length go together, so that little is padded;
 * one more inference is made only if it saves more padding than it costs.
 *
 * @param lengths tokens of each text, at least 1
 * @param batchTokens most tokens of one inference, padding included; a longer text goes alone
 * @param overheadTokens what one inference costs besides its tokens, counted in tokens
 * @returns for each inference the positions in `lengths` of its texts; every position once
 */
export function planBatches(lengths: readonly number[], batchTokens: number, overheadTokens: number): number[][] {
  const longestFirst = [...lengths.keys()].sort((a, b) => (lengths[b] as number) - (lengths[a] as number));
  const count = longestFirst.length;
  // Texts of one inference are neighbors in this order. `costs[i]`: the least cost of the texts from the i-th on, when the
  // i-th begins an inference; `ends[i]`: where that inference ends then.
  const costs = new Float64Array(count + 1);
  const ends = new Uint32Array(count);
  for (let begin = count - 1; begin >= 0; begin -= 1) {
    const longest = lengths[longestFirst[begin] as number] as number;
    const room = Math.max(1, Math.floor(batchTokens / longest));
    let least = Number.POSITIVE_INFINITY;
    for (let end = begin + 1; end <= count && end - begin <= room; end += 1) {
      const cost = (end - begin) * longest + overheadTokens + (costs[end] as number);
      if (cost <= least) {
        least = cost;
        ends[begin] = end;
      }
    }
    costs[begin] = least;
  }
  const batches: number[][] = [];
  for (let begin = 0; begin < count; begin = ends[begin] as number) {
    batches.push(longestFirst.slice(begin, ends[begin]));
  }
  return batches;
}

/**
 * Without padding only tokens count, so texts are taken in order until the batch is full.
 *
 * @param lengths tokens of each text, in their order
 * @returns how many of the first texts fit into one inference of `batchTokens`, at least 1
 */
export function countThatFit(lengths: readonly number[], batchTokens: number): number {
  let tokens = lengths[0] ?? 0;
  let count = 1;
  while (count < lengths.length && tokens + (lengths[count] as number) <= batchTokens) {
    tokens += lengths[count] as number;
    count += 1;
  }
  return count;
}
