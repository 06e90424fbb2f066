/** Valid names of models. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { parseModelName } from '../../src/model/model-name.ts';

test('a name with and without a revision', () => {
  assert.deepEqual(parseModelName('org/name'), { name: 'org/name', revision: undefined });
  assert.deepEqual(parseModelName('o.r-g/n_1@refs/pr/1'), { name: 'o.r-g/n_1', revision: 'refs/pr/1' });
});

const refused = [
  '',
  'name',
  'a/b/c',
  '/b',
  'a/',
  '../b',
  'a/..',
  'a/../../../b',
  'a/b@',
  'a/b@../c',
  'a/b@c/../d',
  'a/b@c@d',
  'a--b/c',
  'a/b?x',
  'a/b%2f',
  'a\\b/c',
  'a/b@/x',
  ' a/b',
];
for (const name of refused) {
  test(`${JSON.stringify(name)} is refused`, () => {
    assert.throws(() => parseModelName(name), {
      code: 'model_unavailable',
      message: /must be org\/name or org\/name@/,
    });
  });
}
