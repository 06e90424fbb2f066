/** Reads from Cosimo's metrics how long it spent in each stage. */

const STAGE = /^cosimo_stage_duration_seconds_(sum|count)\{stage="(\w+)"\} (\S+)$/gm;

const TOKENS = /^cosimo_tokens_total\{kind="(text|padding)"\} (\S+)$/gm;
const EVENT_LOOP = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m;
/** Sampling interval of the event loop's delay, which every reading includes. */
const EVENT_LOOP_RESOLUTION_MS = 10;

/** Sum and count of each stage so far. */
export interface StageTotals {
  readonly stages: ReadonlyMap<string, { sum_s: number; count: number }>;
  /** Tokens encoded so far. */
  readonly textTokens: number;
  readonly paddingTokens: number;
  /** 99th percentile of the event loop's delay since the previous reading. */
  readonly eventLoopP99_ms: number | undefined;
}

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
  if (totals.size === 0) return undefined;
  const tokens = new Map([...text.matchAll(TOKENS)].map(([, kind, count]) => [kind, Number(count)]));
  const lag_s = EVENT_LOOP.exec(text)?.[1];
  return {
    stages: totals,
    textTokens: tokens.get('text') ?? 0,
    paddingTokens: tokens.get('padding') ?? 0,
    eventLoopP99_ms: lag_s === undefined ? undefined : Math.max(0, Number(lag_s) * 1000 - EVENT_LOOP_RESOLUTION_MS),
  };
}

/**
 * @returns the figures between two readings: mean time in each stage that was entered (`stage_queue_ms`, …), padded tokens over
 * real ones, and the 99th percentile of the event loop's delay
 */
export function stageFigures(before: StageTotals, after: StageTotals): Record<string, number> {
  const means: Record<string, number> = {};
  for (const [stage, { sum_s, count }] of after.stages) {
    const earlier = before.stages.get(stage) ?? { sum_s: 0, count: 0 };
    if (count > earlier.count) means[`stage_${stage}_ms`] = ((sum_s - earlier.sum_s) / (count - earlier.count)) * 1000;
  }
  const tokens = after.textTokens - before.textTokens;
  if (tokens > 0) means['padded_over_real'] = 1 + (after.paddingTokens - before.paddingTokens) / tokens;
  if (after.eventLoopP99_ms !== undefined) means['event_loop_delay_p99_ms'] = after.eventLoopP99_ms;
  return means;
}

/**
 * What a search costs besides its scan. `overhead_mean_ms` is mean latency minus mean scan; `overhead_p50_ms` is median
 * latency minus mean scan, because metrics have no median of a stage. The stage `scan` lasts from the query's vector to the
 * list of hits: it includes the wait for a scan under way and reading the hits' documents. The result is empty if no search was answered.
 */
export function searchOverhead(figures: Readonly<Record<string, number>>): Record<string, number> {
  const { latency_p50_ms, latency_mean_ms, stage_scan_ms } = figures;
  if (stage_scan_ms === undefined) return {};
  return {
    ...(latency_p50_ms !== undefined && { overhead_p50_ms: latency_p50_ms - stage_scan_ms }),
    ...(latency_mean_ms !== undefined && { overhead_mean_ms: latency_mean_ms - stage_scan_ms }),
  };
}
