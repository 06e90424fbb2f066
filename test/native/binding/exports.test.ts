/** The exports of the addon: those that the TypeScript interfaces declare, kernels, errors, and its build. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { ERROR_SENTENCES } from '../../../src/errors.ts';
import { native } from '../../../src/native/binding.ts';

const BINDING = new URL('../../../src/native/binding.ts', import.meta.url);
const ENCODER = new URL('../../../src/native/transformer-encoder.ts', import.meta.url);

/** The member names of an interface in binding.ts, or in another file beside it. */
function declaredMembers(name: string, file = BINDING): string[] {
  const body = new RegExp(`export interface ${name} \\{\\n(.*?)\\n\\}`, 's').exec(readFileSync(file, 'utf8'))?.[1];
  assert.ok(body, `${file.pathname} declares ${name}`);
  return Array.from(body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm), (match) => match[1] ?? '').sort();
}

const namesOf = (owner: object, others: readonly string[]) =>
  Object.getOwnPropertyNames(owner)
    .filter((name) => !others.includes(name))
    .sort();
const membersOf = (owner: { prototype: object }) => namesOf(owner.prototype, ['constructor']);
/** The static members, without those that every function has. */
const staticMembersOf = (owner: object) => namesOf(owner, ['arguments', 'caller', 'length', 'name', 'prototype']);

/** Runs a script beside binding.ts with COSIMO_KERNEL set. */
function runWithKernel(kernel: string, body: string) {
  const script = `import { native } from ${JSON.stringify(BINDING.href)};\n${body}`;
  const env = { ...process.env, COSIMO_KERNEL: kernel };
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
}

test('the addon exports what binding.ts declares, no more and no less', () => {
  assert.deepEqual(Object.keys(native).sort(), declaredMembers('NativeBinding'));
  assert.deepEqual(membersOf(native.VectorIndex), declaredMembers('NativeVectorIndex'));
  assert.deepEqual(membersOf(native.EmbeddingCache), declaredMembers('NativeEmbeddingCache'));
  assert.deepEqual(membersOf(native.TransformerEncoder), declaredMembers('NativeTransformerEncoder', ENCODER));
  const declaredStatic = declaredMembers('NativeTransformerEncoderClass', ENCODER);
  assert.deepEqual(staticMembersOf(native.TransformerEncoder), declaredStatic);
  for (const kernel of native.encoderKernels) {
    assert.deepEqual(Object.keys(kernel).sort(), declaredMembers('NativeEncoderKernel', ENCODER));
  }
  const index = new native.VectorIndex({ dimensions: 1, threads: 1 });
  assert.deepEqual(Object.keys(index.statistics()).sort(), declaredMembers('NativeIndexStatistics'));
});

test('openSharedLibrary opens what is a library and says why it cannot open what is none', () => {
  const notOpened: [path: unknown, message: RegExp][] = [
    [undefined, /^path must be a string that names a file$/],
    [7, /^path must be a string/],
    ['', /^path must be a string/],
    ['libm.so.6\0', /^path must be a string/],
    ['/nowhere/libnothing.so', /^\/nowhere\/libnothing\.so/],
    [import.meta.filename, /exports\.test\.ts/],
  ];
  for (const [path, message] of notOpened) {
    assert.throws(() => native.openSharedLibrary(path as string), { code: 'invalid_argument', message });
  }
  const addon = new URL('../../../build/Release/cosimo.node', import.meta.url).pathname;
  assert.equal(native.openSharedLibrary(addon), undefined);
  assert.equal(native.openSharedLibrary(addon), undefined, 'again');
});

test('every error code of the addon stands in the one table', () => {
  assert.ok(native.errorCodes.length > 0);
  for (const code of native.errorCodes) assert.ok(Object.hasOwn(ERROR_SENTENCES, code), code);
});

test('the best available kernel runs unless COSIMO_KERNEL says otherwise', () => {
  assert.equal(native.availableKernels.at(-1), 'scalar');
  assert.equal(native.kernel, process.env['COSIMO_KERNEL'] || native.availableKernels[0]);
});

test('tiles are refused only where no kernel uses them', () => {
  const families = native.encoderKernels.map(({ family }) => family);
  assert.equal(typeof native.tilesRefused, 'boolean');
  assert.ok(!native.tilesRefused || !families.includes('amx'));
});

test('every kernel can be forced, runs, and finds the same bits', () => {
  const body = `
    const wave = (length, step) => Float32Array.from({ length }, (_, i) => Math.sin(i * step));
    const index = new native.VectorIndex({ dimensions: 100, threads: 1 });
    index.addMany(Float64Array.from({ length: 3000 }, (_, i) => i), wave(300000, 1.7));
    const hits = await index.search(wave(100, 0.3), 50, -1);
    console.log(native.kernel, [...hits.keys].join(), Buffer.from(hits.scores.buffer).toString('hex'));`;
  const answers = native.availableKernels.map((kernel) => {
    const { stdout, stderr } = runWithKernel(kernel, body);
    const [ran, ...answer] = stdout.trim().split(' ');
    assert.equal(ran, kernel, stderr);
    return answer;
  });
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
});

test('an unknown kernel is an error that names the ones there are', () => {
  const { status, stderr } = runWithKernel('avx1024', '');
  assert.notEqual(status, 0);
  assert.match(stderr, /COSIMO_KERNEL is 'avx1024', but this machine can run: .*scalar/);
  assert.match(stderr, /invalid_setting/);
});

test('a second run of the build finds nothing to do', () => {
  const script = new URL('../../../scripts/build-native.mjs', import.meta.url).pathname;
  assert.match(execFileSync(process.execPath, [script], { encoding: 'utf8' }), /^Native addon: /);
  assert.equal(execFileSync(process.execPath, [script], { encoding: 'utf8' }), 'Native addon: up to date.\n');
});

test('a missing compiler or CMake ends in one sentence that says what to install', () => {
  const script = new URL('../../../scripts/build-native.mjs', import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    env: { PATH: '/nowhere' },
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /^No C\+\+ compiler was found .*install.*\.\n$/);
});
