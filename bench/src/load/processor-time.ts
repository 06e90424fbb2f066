/** Processor time of a process. */
import { readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_S = 100;

/** User and system time that all threads of a process have used, as Linux counts it; 0 on other systems. */
export function processorSeconds(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(afterName[11]) + Number(afterName[12])) / CLOCK_TICKS_PER_S;
}
