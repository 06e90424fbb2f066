/** A start opens each file of the model at most twice, for its digest and for its content: all parts and threads get what was read. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, test } from 'vitest';
import { testModelDir } from '../support/models/model.ts';
import { startProcess } from '../support/process.ts';

const PRELOAD = new URL('../support/log-file-reads.mjs', import.meta.url).href;
const defaultDir = await testModelDir();
/** It has sentence_bert_config.json and tokenizer_config.json, which may each say how long a text may be. */
const bothConfigsDir = fileURLToPath(new URL('../fixtures/models/bert-max-bf16', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'cosimo-reads-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Read {
  /** Path within the model's folder. */
  readonly name: string;
  readonly isInMainThread: boolean;
}

/** Starts the service; @returns each time that a file of the model's folder was opened until it was ready */
async function readsOfStart(settings: Readonly<Record<string, string>>): Promise<readonly Read[]> {
  const dir = settings['MODEL_DIR'] ?? defaultDir;
  const log = join(
    scratch,
    `${Object.values(settings)
      .map((value) => basename(value))
      .join('-')}.log`,
  );
  const started = await startProcess({
    ...settings,
    DATA_DIR: ':memory:',
    NODE_OPTIONS: `--import=${PRELOAD}`,
    FILE_READS_LOG: log,
  });
  await started.ready();
  started.child.kill('SIGKILL');
  return readFileSync(log, 'utf8')
    .split('\n')
    .map((line) => /^(\d+) (.*)$/.exec(line) ?? [])
    .filter(([, , path]) => path?.startsWith(`${dir}/`))
    .map(([, thread, path = '']) => ({ name: relative(dir, path), isInMainThread: thread === '0' }));
}

describe('a start opens each file of the model once for its digest and once for what it says', () => {
  const starts = [
    { ENCODER: 'native', HTTP_THREADS: '1' },
    { ENCODER: 'onnx', HTTP_THREADS: '2', ENCODER_WORKERS: '2' },
    { ENCODER: 'auto', MODEL_DIR: bothConfigsDir },
  ];
  for (const settings of starts) {
    test(
      Object.values(settings)
        .map((value) => basename(value))
        .join(', '),
      async () => {
        const reads = await readsOfStart(settings);
        const namesWhere = (isInMainThread: boolean) =>
          reads.filter((read) => read.isInMainThread === isInMainThread).map(({ name }) => name);
        for (const name of ['config.json', 'model.safetensors']) assert.ok(namesWhere(true).includes(name), name);
        assert.ok(namesWhere(false).includes('tokenizer.json'), 'what a worker thread reads is seen');
        const counts = [...Map.groupBy(reads, ({ name }) => name)].map(([name, { length }]) => [name, length] as const);
        assert.deepEqual(
          counts.filter(([, count]) => count > 2),
          [],
        );
      },
    );
  }
});
