/** What makes a run fail, independent of its times. */
import type { SuiteResult } from './results.ts';

/**
 * @returns a sentence for each subject or reference that was not measured, and for each contender whose answers differ. Peers may
 * be missing or fail: their rows say so. So may a whole trial be missing whose data the machine can't make
 */
export function failuresOf({ suite, trials }: SuiteResult): string[] {
  return trials.flatMap(({ id, withoutData = false, contenders }) =>
    contenders.flatMap(({ name, role, status, reason, agreement }) => {
      const where = `${suite}: ${id}: ${name}`;
      const unmeasured =
        !withoutData && role !== 'peer' && status !== 'measured' ? [`${where} ${status}: ${reason}`] : [];
      return agreement?.same === false ? [...unmeasured, `${where} differs: ${agreement.sentence}`] : unmeasured;
    }),
  );
}
