/** docs/settings.md lists every setting of src/config.ts with its default, and nothing else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { loadConfig, settingsHelp } from '../../src/config.ts';
import { DEFAULT_BATCH_TOKENS } from '../../src/encoder/queue/batch-tokens.ts';

const page = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

const defaults: Readonly<Record<string, unknown>> = { ...loadConfig({}) };
const names = [...settingsHelp().matchAll(/^ {2}([A-Z_]+) /gm)].map((match) => match[1] as string);

/** A default as the table writes it. Defaults that depend on the machine are described in words. */
function written(name: string): string {
  if (name === 'SEARCH_THREADS') return 'the cores';
  const value = defaults[name];
  return value === undefined ? 'not set' : String(value);
}

/** The cell without its explanation in brackets. */
const plain = (cell: string) => cell.replace(/ \(.*\)$/, '');

test('docs/settings.md has a row for each setting, with its default', () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm)].map(
    ([, name = '', value = '']) => [name, plain(value.trim())] as const,
  );
  assert.deepEqual(rows.map(([name]) => name).sort(), [...names].sort());
  for (const [name, value] of rows) assert.equal(value, written(name), name);
});

test('BATCH_TOKENS is described with the defaults of the encoder', () => {
  const { cpu, cuda } = DEFAULT_BATCH_TOKENS;
  assert.ok(settingsHelp().includes(`0 is ${cpu} on the CPU and ${cuda} on CUDA`));
  assert.ok(page.includes(`0: ${cpu} on the CPU, ${cuda} on CUDA`));
});

test('sizes in brackets are the bytes before them', () => {
  const sizes = [...page.matchAll(/\| (\d+) \((\d+) (MiB)\) \|/g)];
  assert.ok(sizes.length > 0);
  for (const [, bytes, count] of sizes) assert.equal(Number(bytes), Number(count) * 1024 * 1024);
});

test('the README lists ten settings, as they are', () => {
  const table = readme.split('## Settings')[1]?.split('\n## ')[0] ?? '';
  const rows = [...table.matchAll(/^\| (`[A-Z_`, ]+`) \| ([^|]+) \|/gm)];
  const listed = rows.flatMap(([, cell = '', values = '']) => {
    const named = [...cell.matchAll(/[A-Z_]+/g)].map(([name]) => name);
    const given = named.length === 1 ? [values] : values.split(',');
    return named.map((name, at) => [name, (given[at] ?? '').trim()] as const);
  });
  assert.equal(listed.length, 10);
  for (const [name, value] of listed) {
    assert.ok(names.includes(name), name);
    assert.equal(value === '–' ? 'not set' : value, written(name), name);
  }
});
