/** What makes a run a failure, whatever the times. */
import type { SuiteResult } from './results.ts';

/**
 * A sentence for each: a contender of ours that was not measured (a peer may be missing or fail, its row says so), and
 * answers that differ.
 */
export function faultsOf({ suite, trials }: SuiteResult): string[] {
  return trials.flatMap(({ id, contenders }) =>
    contenders.flatMap(({ name, role, status, reason, agreement }) => {
      const where = `${suite}: ${id}: ${name}`;
      const unmeasured = role !== 'peer' && status !== 'measured' ? [`${where} ${status}: ${reason}`] : [];
      return agreement?.same === false ? [...unmeasured, `${where} differs: ${agreement.sentence}`] : unmeasured;
    }),
  );
}
