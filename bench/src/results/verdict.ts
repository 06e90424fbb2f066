/** What makes a run fail, whatever its times. */
import type { SuiteResult } from './results.ts';

/**
 * A sentence for each contender of ours that was not measured, and for answers that differ. Peers may be missing or fail: their
 * rows say so.
 */
export function findFaults({ suite, trials }: SuiteResult): string[] {
  return trials.flatMap(({ id, contenders }) =>
    contenders.flatMap(({ name, role, status, reason, agreement }) => {
      const where = `${suite}: ${id}: ${name}`;
      const unmeasured = role !== 'peer' && status !== 'measured' ? [`${where} ${status}: ${reason}`] : [];
      return agreement?.same === false ? [...unmeasured, `${where} differs: ${agreement.sentence}`] : unmeasured;
    }),
  );
}
