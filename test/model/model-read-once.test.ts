/** The model's folder is read once a start; every part and thread is handed what was read. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { testModelDir } from '../support/model.ts';
import { startProcess } from '../support/process.ts';

const PRELOAD = new URL('../support/log-file-reads.mjs', import.meta.url).href;
const modelDir = await testModelDir();
const scratch = mkdtempSync(join(tmpdir(), 'cosimo-reads-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Starts the service; @returns how often each file of the model's folder was opened until it was ready */
async function readsOfStart(settings: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, number>> {
  const log = join(scratch, `${Object.values(settings).join('-')}.log`);
  const started = await startProcess({
    ...settings,
    DATA_DIR: ':memory:',
    NODE_OPTIONS: `--import=${PRELOAD}`,
    FILE_READS_LOG: log,
  });
  await started.ready();
  started.child.kill('SIGKILL');
  const reads = new Map<string, number>();
  for (const path of readFileSync(log, 'utf8').split('\n')) {
    const name = relative(modelDir, path);
    if (!path.startsWith(`${modelDir}/`)) continue;
    reads.set(name, (reads.get(name) ?? 0) + 1);
  }
  return reads;
}

describe('a start opens each file of the model once for its digest and once for what it says', () => {
  const starts = [
    { ENCODER: 'native', HTTP_THREADS: '1' },
    { ENCODER: 'onnx', HTTP_THREADS: '2', ENCODER_WORKERS: '2' },
  ];
  for (const settings of starts) {
    test(JSON.stringify(settings), async () => {
      const reads = await readsOfStart(settings);
      assert.ok((reads.get('config.json') ?? 0) > 0 && (reads.get('model.safetensors') ?? 0) > 0, 'reads are seen');
      assert.deepEqual(
        [...reads].filter(([, count]) => count > 2),
        [],
      );
    });
  }
});
