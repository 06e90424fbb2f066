/**
 * Splits texts into inferences: like lengths together, so that little is padded.
 *
 * @param lengths tokens of each text
 * @param batchTokens most tokens of one inference, padding included; a longer text goes alone
 * @returns for each inference the positions in `lengths` of its texts; every position once
 */
export function planBatches(lengths: readonly number[], batchTokens: number): number[][] {
  const longestFirst = lengths.map((_, at) => at).sort((a, b) => (lengths[b] as number) - (lengths[a] as number));
  const batches: number[][] = [];
  let room = 0;
  for (const at of longestFirst) {
    const batch = batches.at(-1);
    if (batch !== undefined && batch.length < room) batch.push(at);
    else {
      batches.push([at]);
      room = Math.floor(batchTokens / Math.max(1, lengths[at] as number));
    }
  }
  return batches;
}
