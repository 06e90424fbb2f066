/** Makes request targets that the router can decode. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { normalizeTarget } from '../../src/http/request-target.ts';

test('every request target becomes one that the router can decode', () => {
  fc.assert(
    fc.property(fc.webPath(), fc.string(), (path, tail) => {
      const target = normalizeTarget(`/${path}${tail}`);
      assert.doesNotThrow(() => decodeURIComponent(target.split('?')[0] as string));
    }),
  );
  assert.equal(normalizeTarget('/index/a%2Fb/?x=%zz'), '/index/a%2Fb?x=%zz');
  assert.equal(normalizeTarget('//'), '/');
});
