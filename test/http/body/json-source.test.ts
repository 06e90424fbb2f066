/** Cuts the source text of members and elements out of JSON. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { elementSources, memberSources } from '../../../src/http/body/json-source.ts';

test('the sources of members and elements are what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 1, 3), (text, indent) => {
      const value = JSON.parse(text);
      const source = JSON.stringify(value, null, indent);
      if (Array.isArray(value))
        assert.deepEqual(
          elementSources(source).map((part) => JSON.parse(part)),
          value,
        );
      else if (value !== null && typeof value === 'object') {
        const members = Object.fromEntries([...memberSources(source)].map(([key, part]) => [key, JSON.parse(part)]));
        assert.deepEqual(members, { ...value });
      }
    }),
  );
});
