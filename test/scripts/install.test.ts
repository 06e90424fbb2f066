/** What set-up installs, and when. A stand-in for npm records its calls. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, test } from 'vitest';
import { install } from '../../scripts/install.mjs';
import { temporaryFolder } from '../support/models/python-wheels.ts';

const PATH = process.env['PATH'] as string;
const TO_SERVE = 'ci --omit=dev';
const TO_TEST = 'ci --include=dev';
const ADD_DEV = 'install --no-save --include=dev';
/** Empties node_modules as the real npm does, and installs one package. */
const WORKING_NPM = 'if [ "$1" = ci ]; then rm -rf node_modules; fi; mkdir -p node_modules/package';

afterEach(() => {
  process.env['PATH'] = PATH;
});

/** Makes a project whose lock file is `text`. @returns it, with the calls of npm */
function project() {
  const folder = temporaryFolder();
  const calls = join(folder, 'calls');
  const useNpm = (script: string) => {
    const bin = temporaryFolder();
    writeFileSync(join(bin, 'npm'), `#!/bin/sh\necho "$@" >> '${calls}'\n${script}\n`, { mode: 0o755 });
    process.env['PATH'] = bin + delimiter + PATH;
  };
  const writeLock = (text: string) => writeFileSync(join(folder, 'package-lock.json'), text);
  writeLock('one');
  useNpm(WORKING_NPM);
  return {
    folder,
    writeLock,
    useNpm,
    calls: () =>
      (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []).map((call) =>
        call.replace(' --no-audit --no-fund --loglevel=error', ''),
      ),
  };
}

describe('what is installed', () => {
  test('to serve: no development dependency; a second start installs nothing', () => {
    const { folder, calls } = project();
    install(folder);
    install(folder);
    assert.deepEqual(calls(), [TO_SERVE]);
  });

  test('to test: development dependencies too; serving afterwards neither installs nor removes anything', () => {
    const { folder, calls } = project();
    install(folder, { dev: true });
    install(folder);
    install(folder, { dev: true });
    assert.deepEqual(calls(), [TO_TEST]);
  });

  test('to test after serving: development dependencies are added to what is there', () => {
    const { folder, calls } = project();
    install(folder);
    install(folder, { dev: true });
    install(folder);
    assert.deepEqual(calls(), [TO_SERVE, ADD_DEV]);
  });

  test('a changed lock file is installed anew, with development dependencies where they were there', () => {
    const { folder, writeLock, calls } = project();
    install(folder);
    writeLock('two');
    install(folder);
    install(folder, { dev: true });
    writeLock('three');
    install(folder);
    assert.deepEqual(calls(), [TO_SERVE, TO_SERVE, ADD_DEV, TO_TEST]);
  });

  test('node_modules of unknown origin is installed anew', () => {
    const { folder, calls } = project();
    mkdirSync(join(folder, 'node_modules'));
    install(folder);
    assert.deepEqual(calls(), [TO_SERVE]);
  });
});

describe('an install that fails', () => {
  const failed = { message: /^npm (?:ci|install) failed: is the package registry within reach\?$/ };

  test('is said in one sentence and repeated from the start by the next run', () => {
    const { folder, useNpm, calls } = project();
    useNpm('mkdir -p node_modules; exit 1');
    assert.throws(() => install(folder), failed);
    useNpm(WORKING_NPM);
    install(folder);
    install(folder);
    assert.deepEqual(calls(), [TO_SERVE, TO_SERVE]);
  });

  test('leaves nothing that counts as installed when it was adding', () => {
    const { folder, useNpm, calls } = project();
    install(folder);
    useNpm('exit 1');
    assert.throws(() => install(folder, { dev: true }), failed);
    useNpm(WORKING_NPM);
    install(folder);
    assert.deepEqual(calls(), [TO_SERVE, ADD_DEV, TO_SERVE]);
  });

  test('names what keeps npm from running', () => {
    const { folder } = project();
    process.env['PATH'] = temporaryFolder();
    assert.throws(() => install(folder), { message: /^npm ci failed \(.*ENOENT\)/ });
  });
});
