/** The program `fetch-model.ts`, which `npm test` runs, as a process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { testModelDir } from '../support/models/model.ts';

const fetchModel = (more: NodeJS.ProcessEnv) => {
  const script = fileURLToPath(new URL('../../src/cli/fetch-model.ts', import.meta.url));
  return spawnSync(process.execPath, [script], {
    env: { ...process.env, ...more },
    encoding: 'utf8',
    timeout: 120_000,
  });
};

test('says where the model is', async () => {
  const dir = await testModelDir();
  const { status, stdout } = fetchModel({ MODEL_DIR: dir });
  assert.equal(status, 0);
  assert.equal(stdout, `cosimo: model ${dir} in ${dir} (MODEL_DIR)\n`);
});

test('fails with a sentence and no stack', () => {
  const { status, stderr } = fetchModel({ MODEL_DIR: '', MODEL: '../x' });
  assert.equal(status, 1);
  assert.equal(stderr, 'cosimo: "../x" is no model\'s name: it must be org/name or org/name@revision.\n');
});
