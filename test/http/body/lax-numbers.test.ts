/** How long numbers take to read. What they are read as is in `../fastapi-contract.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { readBoolean, readInteger, readNumber } from '../../../src/http/body/lax-numbers.ts';

test('a million digits and a letter are refused in a moment', () => {
  const text = `${'1'.repeat(1_000_000)}x`;
  const started_ms = performance.now();
  for (const read of [readNumber, readInteger, readBoolean]) assert.ok(!('value' in read(text, () => `"${text}"`)));
  assert.ok(performance.now() - started_ms < 500);
});
