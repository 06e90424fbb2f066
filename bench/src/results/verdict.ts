/** What makes a run fail, independent of its times. */
import type { SuiteResult } from './results.ts';

/**
 * @returns a sentence for each subject or reference that was not measured, and for each contender whose answers differ. Peers may
 * be missing or fail: their rows say so
 */
export function failuresOf({ suite, trials }: SuiteResult): string[] {
  return trials.flatMap(({ id, contenders }) =>
    contenders.flatMap(({ name, role, status, reason, agreement }) => {
      const where = `${suite}: ${id}: ${name}`;
      const unmeasured = role !== 'peer' && status !== 'measured' ? [`${where} ${status}: ${reason}`] : [];
      return agreement?.same === false ? [...unmeasured, `${where} differs: ${agreement.sentence}`] : unmeasured;
    }),
  );
}
