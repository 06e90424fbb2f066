/** The name of a machine's folder of results. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { machineName } from '../src/environment/machine.ts';

test("a machine's folder of results is named by CPU, search kernel and cores, without what vendors add", () => {
  assert.equal(machineName('AMD EPYC 7763 64-Core Processor', 'avx2', 2), 'amd-epyc-7763-avx2-2-cores');
  assert.equal(
    machineName('Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz', 'amx', 1),
    'intel-xeon-platinum-8481c-amx-1-core',
  );
  assert.match(machineName(), /^[a-z0-9]+(?:-[a-z0-9]+)*-cores?$/);
});
