/** Finds where a text stops being JSON, as JSON.parse would refuse it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { findJsonFault } from '../../../src/http/body/json-fault.ts';

test('valid JSON has no fault, and whatever JSON.parse refuses has one or is NaN or Infinity', () => {
  const mutated = fc
    .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ',', '"', '\\', '}', '[', '0', '\u0001', ' '))
    .map(
      ([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1),
    );
  fc.assert(
    fc.property(fc.oneof(fc.json(), mutated, fc.string()), (text) => {
      const fault = findJsonFault(text);
      try {
        JSON.parse(text);
        assert.equal(fault, undefined);
      } catch {
        assert.ok(fault !== undefined || /NaN|Infinity/.test(text), text);
        assert.ok((fault?.offset ?? 0) <= text.length);
      }
    }),
    { numRuns: 2000 },
  );
});
