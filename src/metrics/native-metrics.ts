/** Metrics of native parts, made from their statistics: the native parts count, and metrics are read when somebody asks. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** One number of a part's statistics. */
export type NativeMetric<S> = readonly [name: string, help: string, read: (statistics: S) => number];

export interface NativeMetrics<S> {
  readonly gauges: readonly NativeMetric<S>[];
  readonly counters: readonly NativeMetric<S>[];
}

/** @param statistics of the part; undefined before it exists, and every number is 0 then */
export function registerNativeMetrics<S>(
  registry: Registry,
  statistics: () => S | undefined,
  { gauges, counters }: NativeMetrics<S>,
): void {
  const registers = [registry];
  const valueIn = (read: (statistics: S) => number) => {
    const now = statistics();
    return now === undefined ? 0 : read(now);
  };
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(valueIn(read));
      },
    });
  }
  // A counter has no `set`: it is set back and raised to what the part says.
  for (const [name, help, read] of counters) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(valueIn(read));
      },
    });
  }
}
