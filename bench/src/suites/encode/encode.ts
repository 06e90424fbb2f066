/** Encoding on the CPU: speed by precision, share of the machine's peak, quality, and speed over HTTP. */
import type { ChartSpec, Suite } from '../../trial/trial.ts';
import { peakTrials } from './peak.ts';
import { qualityTrials } from './quality.ts';
import { encodeServiceTrials } from './service.ts';
import { speedTrials } from './speed.ts';

export const encode: Suite = {
  name: 'encode',
  summary:
    'texts a second by precision, shape and threads, one caller in one process; shares of the peak; quality; over HTTP',
  trials: (options) => [
    ...speedTrials(options),
    ...peakTrials(options),
    ...qualityTrials(options),
    ...encodeServiceTrials(options),
  ],
  charts: ['fp32', 'bf16', 'int8'].flatMap((precision): ChartSpec[] => [
    {
      name: `speed-${precision}`,
      title: `Encoding in ${precision}, all threads: texts a second`,
      where: { purpose: 'speed', precision, cores: 'all' },
      kind: { type: 'bars', axis: 'log' },
    },
    {
      name: `ratio-${precision}`,
      title: `Encoding: how many times faster Cosimo is in ${precision}`,
      where: { purpose: 'speed', precision },
      kind: { type: 'ratios' },
    },
  ]),
};
