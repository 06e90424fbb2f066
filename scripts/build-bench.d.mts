/** Builds cosimo_bench, or finds it up to date; resolves with its path. Rejects with an Error of one sentence. */
export function buildBench(): Promise<string>;
