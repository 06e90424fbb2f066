/** The contenders of cached answers, as processes: bodies, hit rates, and a plain Fastify. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { seededRandom } from '../src/data/random.ts';
import { traceOf } from '../src/data/traces.ts';
import { startService } from '../src/load/services.ts';
import { ContenderProcess } from '../src/trial/contender-process.ts';
import type { Round } from '../src/trial/protocol.ts';
import { ownPrograms } from './support/programs.ts';

const ENTRIES = 500;
const folder = mkdtempSync(join(tmpdir(), 'cosimo-bench-cached-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function roundOf(file: string, spec: Record<string, unknown>): Promise<Round> {
  const command = ownPrograms.commandOf({ kind: 'node', file, spec });
  const { contender } = await ContenderProcess.start(command, new AbortController().signal);
  try {
    return await contender.round();
  } finally {
    await contender.stop();
  }
}

test('bodies are as long both ways', async () => {
  const spec = { texts: 20, dimensions: 384, seed: 1, round_s: 0.05, warm_up_s: 0 };
  const own = await roundOf('cache/answer-body.ts', { ...spec, way: 'cache' });
  const plain = await roundOf('cache/answer-body.ts', { ...spec, way: 'stringify' });
  assert.ok(own.value > 0 && plain.value > 0);
  assert.ok((own.extra?.['body_bytes'] as number) > 20 * 384 * 8);
  // JSON.stringify writes 1e-7, Cosimo may write 0.0000001: a few bytes more.
  const bytes = (round: Round) => round.extra?.['body_bytes'] as number;
  assert.ok(Math.abs(bytes(own) - bytes(plain)) < 40, `${bytes(own)} and ${bytes(plain)} bytes`);
});

test('hit rates: at the same bytes Cosimo keeps about what plain S3-FIFO does, of a whole trace each round', async () => {
  const trace = join(folder, 'trace.json');
  const set = { kind: 'trace', operation: 'zipf-1', entries: ENTRIES, seed: 1 } as const;
  writeFileSync(trace, JSON.stringify(traceOf(set, seededRandom(1))));
  const spec = { operation: 'zipf-1', trace, entries: ENTRIES, dimensions: 384, hit_rate: true };
  const own = await roundOf('cache/cache.ts', spec);
  const plain = await roundOf('cache/s3-fifo.ts', spec);
  assert.equal(plain.extra?.['entries'], ENTRIES);
  assert.ok(plain.value > 40 && plain.value < 95, `${plain.value} of 100`);
  assert.ok(Math.abs(own.value - plain.value) < 5, `${own.value} and ${plain.value} of 100`);
});

test('a plain Fastify answers bytes from a file, or what JSON.stringify makes of them', async () => {
  const file = join(folder, 'answer.json');
  const body = '{"embeddings":[[0.5, -1e-7]]}'; // with a space, which JSON.stringify leaves out
  writeFileSync(file, body);
  for (const way of ['constant', 'stringify'] as const) {
    const options = { data: '', modelDir: '', venv: undefined, threads: 1, answer: { file, way } };
    const { origin, stop } = await startService('plain', options);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${origin}/embed`, { method: 'POST', body: '{"texts":["a"]}', headers });
    const text = await answer.text();
    await stop();
    assert.equal(text, way === 'constant' ? body : body.replace(' ', ''));
  }
});
