/** Reads values out of /metrics. */
import assert from 'node:assert/strict';

/** The value of a series without labels in what /metrics answers. */
export function metric(text: string, name: string): number {
  const line = text.split('\n').find((row) => row.startsWith(`${name} `));
  assert.ok(line, `${name} is in /metrics`);
  return Number(line.split(' ')[1]);
}
