/** Where Cosimo's time went, from its own metrics. */

const STAGE = /^cosimo_stage_duration_seconds_(sum|count)\{stage="(\w+)"\} (\S+)$/gm;

/** Sum and count of each stage so far. */
export type StageTotals = ReadonlyMap<string, { sum_s: number; count: number }>;

/** @returns undefined when the service has no such metrics */
export async function readStages(origin: string): Promise<StageTotals | undefined> {
  const answer = await fetch(`${origin}/metrics`);
  const text = await answer.text();
  if (answer.status !== 200) return undefined;
  const totals = new Map<string, { sum_s: number; count: number }>();
  for (const [, kind, stage = '', value] of text.matchAll(STAGE)) {
    const total = totals.get(stage) ?? { sum_s: 0, count: 0 };
    if (kind === 'sum') total.sum_s = Number(value);
    else total.count = Number(value);
    totals.set(stage, total);
  }
  return totals.size === 0 ? undefined : totals;
}

/** Mean time in each stage that was entered between two readings: `stage_queue_ms`, … */
export function meanStages(before: StageTotals, after: StageTotals): Record<string, number> {
  const means: Record<string, number> = {};
  for (const [stage, { sum_s, count }] of after) {
    const earlier = before.get(stage) ?? { sum_s: 0, count: 0 };
    if (count > earlier.count) means[`stage_${stage}_ms`] = ((sum_s - earlier.sum_s) / (count - earlier.count)) * 1000;
  }
  return means;
}

/**
 * What a search costs beside its scan: `overhead_mean_ms`, mean latency less mean scan, and `overhead_p50_ms`, median
 * latency less mean scan, since the service counts and sums its stages and knows no median of them. The stage `scan` lasts
 * from the query's vector to the list of hits: waiting for a scan that is under way, and reading the hits' documents, are in it.
 * Nothing where no search was answered.
 */
export function overScan(figures: Readonly<Record<string, number>>): Record<string, number> {
  const { latency_p50_ms, latency_mean_ms, stage_scan_ms } = figures;
  if (stage_scan_ms === undefined) return {};
  return {
    ...(latency_p50_ms !== undefined && { overhead_p50_ms: latency_p50_ms - stage_scan_ms }),
    ...(latency_mean_ms !== undefined && { overhead_mean_ms: latency_mean_ms - stage_scan_ms }),
  };
}
