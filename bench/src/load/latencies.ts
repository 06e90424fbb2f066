/** The histogram of latencies and its percentiles. */
import { build, type Histogram } from 'hdr-histogram-js';

const HIGHEST_US = 600_000_000;
const PERCENTILES = { p50: 50, p90: 90, p99: 99, p999: 99.9 };
/** A percentile counts only when this many calls lie above it. */
const CALLS_ABOVE_MIN = 3;

export function newHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: HIGHEST_US, numberOfSignificantValueDigits: 3 });
}

/** Records whole microseconds: a cached answer takes some hundreds. */
export function recordLatency(histogram: Histogram, elapsed_ms: number): void {
  histogram.recordValue(Math.min(HIGHEST_US, Math.max(1, Math.round(elapsed_ms * 1000))));
}

/** How many calls a percentile needs to count. */
export const callsForPercentile = (percentile: number) => Math.ceil(CALLS_ABOVE_MIN / (1 - percentile / 100));

/** `latency_p50_ms` … `latency_p999_ms`, each where there are enough calls, `latency_mean_ms` and `latency_max_ms`. */
export function latencies(histogram: Histogram): Record<string, number> {
  const entries = Object.entries(PERCENTILES)
    .filter(([, percentile]) => histogram.totalCount >= callsForPercentile(percentile))
    .map(([name, percentile]) => [`latency_${name}_ms`, histogram.getValueAtPercentile(percentile) / 1000]);
  const [mean, max] = [histogram.mean, histogram.maxValue];
  return { ...Object.fromEntries(entries), latency_mean_ms: mean / 1000, latency_max_ms: max / 1000 };
}
