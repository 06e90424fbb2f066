/** The lists of trials: what must be measured is in them, and what they name exists. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nameOf } from '../bench/data/data-set.ts';
import { OPERATIONS } from '../bench/load/operations.ts';
import { SUITES } from '../bench/suites/suites.ts';
import type { Contender, SuiteOptions, Trial } from '../bench/trial.ts';

const OPTIONS: SuiteOptions = {
  quick: false,
  seed: 1,
  threads: [1, 2],
  cpu: {
    kernels: ['avx512', 'avx2', 'scalar'],
    active_kernel: 'avx512',
    features: [],
    instructions: ['fma_zmm', 'vnni_zmm', 'bf16_zmm'],
  },
};
const suiteOf = (name: string) => SUITES.find((suite) => suite.name === name)?.trials(OPTIONS) ?? [];
const valuesOf = (trials: readonly Trial[], name: string) => new Set(trials.map(({ parameters }) => parameters[name]));
const namesOf = (trials: readonly Trial[]) =>
  new Set(trials.flatMap(({ contenders }) => contenders.map(({ name }) => name)));

function contenderOf(trials: readonly Trial[], id: string, name: string): Contender {
  const found = trials.find((trial) => trial.id === id)?.contenders.find((contender) => contender.name === name);
  assert.ok(found, `${id} has ${name}`);
  return found;
}

/** What a contender is told: the spec of a program, or the arguments of the C++ one. */
function toldTo({ program }: Contender): Readonly<Record<string, unknown>> {
  if (program.kind === 'missing') return {};
  if (program.kind !== 'native') return program.spec;
  const [measure, ...flags] = program.args;
  const pairs = Array.from({ length: flags.length / 2 }, (_, i) => [flags[2 * i]?.slice(2), flags[2 * i + 1]]);
  return { measure, ...Object.fromEntries(pairs) };
}

for (const suite of SUITES) {
  for (const quick of [false, true]) {
    test(`${suite.name}${quick ? ' --quick' : ''}: ids are unique, programs exist, one subject leads`, () => {
      const trials = suite.trials({ ...OPTIONS, quick });
      assert.ok(trials.length > 0);
      assert.equal(new Set(trials.map(({ id }) => id)).size, trials.length);
      for (const { id, contenders } of trials) {
        const subjects = contenders.filter(({ role }) => role === 'subject');
        assert.ok(subjects.length <= 1 && (subjects.length === 0 || contenders[0] === subjects[0]), id);
        for (const { program } of contenders) {
          if (program.kind === 'native' || program.kind === 'missing') continue;
          const folder = program.kind === 'node' ? 'contenders' : 'peers';
          assert.ok(existsSync(fileURLToPath(new URL(`../bench/${folder}/${program.file}`, import.meta.url))), id);
        }
      }
    });
  }

  test(`${suite.name}: every chart has trials to show`, () => {
    const trials = suite.trials(OPTIONS);
    for (const { name, where } of suite.charts) {
      const shown = trials.filter(({ parameters }) =>
        Object.entries(where).every(([key, value]) => parameters[key] === value),
      );
      assert.ok(shown.length > 0, name);
    }
  });
}

test('index: all combinations of rows, k, queries at once and threads; four kinds of rows; writes', () => {
  const trials = suiteOf('index');
  const gaussian = trials.filter(({ parameters }) => parameters['source'] === 'gaussian');
  assert.equal(gaussian.length, 3 * 3 * 3 * 2);
  assert.deepEqual(valuesOf(gaussian, 'rows'), new Set([10_000, 100_000, 1_000_000]));
  assert.deepEqual(valuesOf(gaussian, 'k'), new Set([1, 10, 100]));
  assert.deepEqual(valuesOf(gaussian, 'queries at once'), new Set([1, 8, 64]));
  const sources = ['gaussian', 'clustered', 'near-duplicates', 'sentences'];
  for (const source of sources) assert.ok(valuesOf(trials, 'source').has(source), source);
  for (const operation of ['build', 'upsert', 'delete']) {
    assert.equal(trials.filter(({ parameters }) => parameters['operation'] === operation).length, 3);
  }
  const searches = trials.filter(({ parameters }) => parameters['operation'] === 'search');
  assert.ok(searches.every(({ compare }) => compare === 'hits'));
  const peers = new Set(
    searches.flatMap(({ contenders }) => contenders.filter(({ role }) => role === 'peer').map(({ name }) => name)),
  );
  assert.deepEqual(peers, new Set(['FAISS', 'FAISS, BLAS always', 'NumPy', 'usearch']));
});

describe('index: what searches are held to', () => {
  const trials = suiteOf('index');
  const held = [
    ['gaussian', 1_000_000],
    ['clustered', 1_000_000],
    ['sentences', 50_000],
  ] as const;

  for (const [source, rows] of held) {
    const idOf = (queries: number, threads: number) =>
      `search ${source} rows=${rows} k=10 queries=${queries} threads=${threads}`;

    test(`${source}: one query of one thread, to both ways to scan, AVX2, and reading a byte a dimension`, () => {
      const told = (name: string) => toldTo(contenderOf(trials, idOf(1, 1), name));
      const own = told('Cosimo');
      assert.equal(own['scan'], undefined);
      assert.deepEqual(told('Cosimo, planes'), { ...own, scan: 'planes' });
      assert.deepEqual(told('Cosimo, bytes'), { ...own, scan: 'bytes' });
      assert.deepEqual(told('Cosimo, AVX2'), { ...own, kernel: 'avx2' });
      const { program } = contenderOf(trials, idOf(1, 1), 'Cosimo, AVX2');
      assert.deepEqual(program.kind === 'node' && program.environment, { COSIMO_KERNEL: 'avx2' });
      const bytes = String(rows * 384);
      const reading = { measure: 'read', bytes, 'pass-bytes': bytes, threads: '1', 'round-s': '0.3' };
      assert.deepEqual(told('reading the codes'), reading);
    });

    test(`${source}: one query of all threads, to one thread and to what all of them read`, () => {
      const told = (name: string) => toldTo(contenderOf(trials, idOf(1, 2), name));
      assert.deepEqual(told('Cosimo, 1 thread'), { ...told('Cosimo'), threads: 1 });
      const { bytes, threads, 'pass-bytes': pass } = told('reading the codes');
      assert.deepEqual([bytes, threads, pass], [String((rows * 384) / 2), '2', String(rows * 384)]);
    });

    test(`${source}: 64 at once, to the same queries in a row`, () => {
      const told = (name: string) => toldTo(contenderOf(trials, idOf(64, 2), name));
      assert.equal(told('Cosimo')['concurrency'], 64);
      assert.deepEqual(told('Cosimo, in a row'), { ...told('Cosimo'), in_a_row: true });
    });
  }

  test('only a contender that says so runs another kernel or another scan than the service would', () => {
    for (const { contenders } of trials) {
      for (const contender of contenders.filter(({ role }) => role !== 'peer')) {
        const { scan, kernel, in_a_row } = toldTo(contender);
        const said = /, (planes|bytes|AVX2|in a row)$/.exec(contender.name)?.[1];
        const told = [scan, kernel === 'avx2' && 'AVX2', in_a_row === true && 'in a row'].find((value) => value);
        assert.equal(told, said, contender.name);
        const environment = contender.program.kind === 'node' ? contender.program.environment : undefined;
        assert.equal(environment?.['COSIMO_KERNEL'], kernel, contender.name);
      }
    }
  });

  test('AVX2 is forced where there is a better kernel and the CPU has it', () => {
    const namesWith = (kernels: readonly string[]) => {
      const cpu = { ...OPTIONS.cpu, kernels, active_kernel: kernels[0] as string };
      return namesOf(SUITES.find(({ name }) => name === 'index')?.trials({ ...OPTIONS, cpu }) ?? []);
    };
    assert.ok(namesWith(['amx', 'avx512', 'avx2', 'scalar']).has('Cosimo, AVX2'));
    assert.ok(!namesWith(['avx2', 'scalar']).has('Cosimo, AVX2'));
    assert.ok(!namesWith(['neon', 'scalar']).has('Cosimo, AVX2'));
  });

  test('--quick runs every kind of contender', () => {
    const quick = SUITES.find(({ name }) => name === 'index')?.trials({ ...OPTIONS, quick: true }) ?? [];
    assert.deepEqual(namesOf(quick), namesOf(trials));
  });
});

test('index: searches beside upserts are held to quiet ones, a build to a copy of as many rows', () => {
  const trials = suiteOf('index');
  const beside = trials.find(({ id }) => id === 'search beside upserts rows=1000000');
  const [subject, quiet, ...others] = beside?.contenders ?? [];
  assert.ok(subject && quiet);
  assert.deepEqual([others, beside?.better, beside?.unit], [[], 'lower', 'ms']);
  assert.deepEqual([subject.name, quiet.name], ['while upserting 1,000/s', 'quiet']);
  assert.deepEqual(toldTo(subject), { ...toldTo(quiet), upserts_per_s: 1000 });
  for (const rows of [10_000, 100_000, 1_000_000]) {
    const copy = toldTo(contenderOf(trials, `build rows=${rows}`, 'copy and quantise, 1 thread'));
    assert.deepEqual([copy['measure'], copy['rows'], copy['dimensions']], ['copy', String(rows), '384']);
  }
});

const LOOK_UPS = ['hit', 'miss', 'mixed', 'zipf'];

test('cache: hits, misses, mixed and Zipf, from JavaScript beside Map and lru-cache, in C++ with one thread and two', () => {
  const trials = suiteOf('cache').filter(({ unit }) => unit === 'look-ups/s');
  assert.deepEqual(valuesOf(trials, 'operation'), new Set([...LOOK_UPS, 'hit beside a copy', 'zipf-hit', 'one-key']));
  for (const name of ['Cosimo', 'Map, unbounded', 'lru-cache', '1 thread', '2 threads', 'hash, compare and copy'])
    assert.ok(namesOf(trials).has(name));
});

test('cache: hit rates at the same bytes, on Zipf(1.0) and with bulk ingests between, beside lru-cache and plain S3-FIFO', () => {
  const trials = suiteOf('cache').filter(({ unit }) => unit === 'hits/100');
  assert.deepEqual(valuesOf(trials, 'hit_rate'), new Set(['zipf-1', 'scans']));
  assert.deepEqual(namesOf(trials), new Set(['Cosimo', 'S3-FIFO, plain', 'lru-cache']));
  for (const { contenders } of trials)
    assert.ok(contenders.every((contender) => toldTo(contender)['hit_rate'] === true));
});

test('cache: memory of a full one, in C++; bodies of 100 cached texts beside JSON.stringify', () => {
  const trials = suiteOf('cache');
  const memory = trials.find(({ unit }) => unit === 'of capacity');
  assert.equal(memory?.better, 'lower');
  assert.equal(toldTo(memory?.contenders[0] as Contender)['operation'], 'memory');
  const bodies = trials.find(({ unit }) => unit === 'bodies/s');
  const ways = bodies?.contenders.map(({ name, ...contender }) => [name, toldTo({ name, ...contender })['way']]);
  assert.deepEqual(ways, [['Cosimo', 'cache'], ['JSON.stringify', 'stringify']]); // biome-ignore format: pairs
  assert.equal(toldTo(bodies?.contenders[0] as Contender)['texts'], 100);
});

test('encode: lengths, batches, threads and every peer at its precision', () => {
  const trials = suiteOf('encode');
  for (const tokens of [16, 64, 256, 'mixed']) assert.ok(valuesOf(trials, 'tokens').has(tokens));
  assert.deepEqual(valuesOf(trials, 'threads'), new Set([1, 2]));
  const names = [...namesOf(trials)].join('; ');
  for (const peer of ['torch fp32', 'torch bf16', 'community fp32', 'community int8', 'OpenVINO fp32']) {
    assert.ok(names.includes(peer), peer);
  }
  for (const peer of ['OpenVINO bf16', 'OpenVINO int8', 'transformers.js']) assert.ok(names.includes(peer), peer);
});

test('encode: the service beside the bare session and sentence-transformers', () => {
  const trials = suiteOf('encode').filter(({ id }) => id.startsWith('encode over HTTP'));
  const [batch, ...lone] = trials as [Trial, ...Trial[]];
  assert.deepEqual(
    batch.contenders.map(({ name }) => name),
    ['Cosimo over HTTP', 'the bare session, its best batch', 'sentence-transformers, torch fp32'],
  );
  const told = batch.contenders.map(toldTo);
  assert.equal(new Set(told.map(({ texts }) => texts)).size, 1, 'the same texts');
  assert.deepEqual([told[0]?.['batch'], told[0]?.['texts_per_call'], told[2]?.['batch']], [100, 100, 100]);
  assert.deepEqual(valuesOf(lone, 'tokens'), new Set([16, 64]));
  for (const { contenders } of lone) {
    const [subject, bare] = contenders.map(toldTo);
    assert.deepEqual([subject?.['latency'], bare?.['latency'], subject?.['texts']], [true, true, bare?.['texts']]);
  }
});

test('http: every operation with 1, 16 and 64 clients, and fixed arrival rates', () => {
  const trials = suiteOf('http').filter(({ parameters: { loop } }) => loop !== 'lean');
  const operations = OPERATIONS.filter((name) => !['embed-one', 'batch-cached', 'batch-mixed'].includes(name));
  const closed = trials.filter(({ parameters: { loop, documents } }) => loop === 'closed' && documents === undefined);
  assert.equal(closed.length, operations.length * 3);
  assert.deepEqual(valuesOf(closed, 'clients'), new Set([1, 16, 64]));
  const open = trials.filter(({ parameters }) => parameters['loop'] === 'open');
  assert.deepEqual(valuesOf(open, 'operation'), new Set(operations));
  assert.ok(open.every(({ better }) => better === 'lower'));
  assert.deepEqual(namesOf(trials), new Set(['Cosimo', 'FastAPI']));
});

test('http: cached answers beside a plain Fastify, and two event loops beside one', () => {
  const trials = suiteOf('http').filter(({ parameters: { loop } }) => loop === 'lean');
  const told = (name: string, ...keys: string[]) =>
    trials
      .flatMap(({ contenders }) => contenders.filter((one) => one.name === name))
      .map((one) => {
        const spec = toldTo(one);
        return keys.map((key) => spec[key]);
      });
  assert.ok(trials.flatMap(({ contenders }) => contenders).every((contender) => toldTo(contender)['lean'] === true));
  assert.deepEqual(told('Cosimo', 'operation', 'connections'), [['embed-one', 32], ['batch-cached', 2]]); // biome-ignore format: pairs
  assert.deepEqual(told('Fastify, the same bytes from a buffer', 'service', 'way', 'operation'), [
    ['plain', 'constant', 'embed-one'],
    ['plain', 'constant', 'batch-cached'],
  ]);
  assert.deepEqual(told('Fastify, JSON.stringify', 'service', 'way'), [['plain', 'stringify']]);
  assert.deepEqual(told('Cosimo, 2 event loops', 'http_threads'), [[2]]);
  assert.deepEqual(told('Cosimo, 1 event loop', 'http_threads'), [[1]]);
});

test('http: a cached query over the store of 1,000,000 documents that startup starts on, by one client', () => {
  const trials = suiteOf('http');
  const trial = trials.find(({ id }) => id === 'POST /search, cached query, 1,000,000 documents: clients=1');
  assert.ok(trial);
  assert.deepEqual(
    trial.contenders.map(({ name }) => name),
    ['Cosimo'],
    'the peer keeps no documents on the disk',
  );
  const { store, documents, connections, operation } = toldTo(trial.contenders[0] as Contender);
  assert.deepEqual([documents, connections, operation], [0, 1, 'search-cached']);
  const started = suiteOf('startup').find(({ parameters }) => parameters['documents'] === 1_000_000);
  assert.deepEqual(trial.data, started?.data);
  assert.equal(store, toldTo(started?.contenders[0] as Contender)['store']);
});

test('startup: 0, 100,000 and 1,000,000 documents; where the peer keeps nothing, its row says missing', () => {
  const trials = suiteOf('startup');
  assert.deepEqual(valuesOf(trials, 'documents'), new Set([0, 100_000, 1_000_000]));
  for (const { parameters, contenders } of trials) {
    const expected = parameters['documents'] === 0 ? 'node' : 'missing';
    assert.equal(contenders[1]?.program.kind, expected);
  }
});

test('kernels: each kernel at four working sets beside read bandwidth; instruction rates at 1 and all threads', () => {
  const trials = suiteOf('kernels');
  const dot = trials.filter(({ parameters }) => parameters['measure'] === 'dot');
  assert.equal(dot.length, 4 * 2);
  for (const { contenders } of dot) {
    assert.deepEqual(
      contenders.map(({ name }) => name),
      ['avx512', 'read bandwidth', 'avx2', 'scalar'],
    );
  }
  const rates = trials.filter(({ parameters }) => parameters['measure'] === 'instructions');
  assert.deepEqual(valuesOf(rates, 'threads'), new Set([1, 2]));
  assert.deepEqual(
    rates[0]?.contenders.map(({ name }) => name),
    ['fma_zmm', 'vnni_zmm', 'bf16_zmm'],
  );
});

test('kernels: codes by each kernel and method, from a cache and from memory, beside read bandwidth', () => {
  const trials = suiteOf('kernels').filter(({ parameters }) => parameters['measure'] === 'codes');
  assert.equal(trials.length, 3 * 2 * 2);
  assert.deepEqual(valuesOf(trials, 'method'), new Set(['upper', 'whole', 'many']));
  assert.deepEqual(valuesOf(trials, 'working set'), new Set(['16 KiB', '1 GiB in all']));
  for (const { id, contenders, parameters } of trials) {
    assert.deepEqual(
      contenders.map(({ name }) => name),
      ['avx512', 'read bandwidth', 'avx2', 'scalar'],
    );
    const many = parameters['method'] === 'many';
    for (const contender of contenders.filter(({ name }) => name !== 'read bandwidth')) {
      const { measure, kernel, method, queries } = toldTo(contender);
      assert.deepEqual([measure, kernel, method], ['codes', contender.name, parameters['method']], id);
      assert.equal(queries, many ? '64' : undefined, id);
    }
    const limit = toldTo(contenders[1] as Contender);
    // A billion products of 64 queries come of so many bytes.
    assert.equal(limit['pass-bytes'], many ? '15625000' : undefined, id);
    assert.equal(limit['bytes'], toldTo(contenders[0] as Contender)['bytes'], id);
  }
});

test('every program is told the threads and the seed of its trial', () => {
  const options = { ...OPTIONS, seed: 77 };
  for (const { id, parameters, contenders } of SUITES.flatMap((suite) => suite.trials(options))) {
    for (const { name, program } of contenders) {
      if (program.kind === 'missing') continue;
      const spec = program.kind === 'native' ? program.args.join(' ') : JSON.stringify(program.spec);
      if (typeof parameters['threads'] === 'number') {
        const threads = name.endsWith(', 1 thread') ? 1 : parameters['threads'];
        assert.match(spec, new RegExp(`(--threads |"threads":)${threads}\\b`), id);
      }
      const seedless =
        /^(read|copy|instructions) /.test(spec) || (/"service"/.test(spec) === false && /"texts"|"trace"/.test(spec));
      if (!seedless && !id.startsWith('startup')) assert.match(spec, /--seed 77|"seed":77/, id);
    }
  }
});

test('every data file is named by its seed', () => {
  for (const set of SUITES.flatMap((suite) => suite.trials({ ...OPTIONS, seed: 77 })).flatMap(({ data }) => data)) {
    assert.match(nameOf(set), /-seed77$/);
  }
});
