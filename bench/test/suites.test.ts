/** The lists of trials: what must be measured is in them, and what they name exists. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { nameOf } from '../src/data/data-set.ts';
import { REQUESTS } from '../src/load/lean-loop.ts';
import { OPERATIONS } from '../src/load/operations.ts';
import { SUITES } from '../src/suites/suites.ts';
import type { Contender, SuiteOptions, Trial } from '../src/trial/trial.ts';

const OPTIONS: SuiteOptions = {
  quick: false,
  seed: 1,
  threads: [1, 2],
  cpu: {
    kernels: ['avx512', 'avx2', 'scalar'],
    active_kernel: 'avx512',
    features: [],
    instructions: ['fma_zmm', 'vnni_zmm', 'bf16_zmm'],
    encoders: [
      { name: 'avx512', family: 'avx512', precision: 'fp32' },
      { name: 'avx2', family: 'avx2', precision: 'fp32' },
      { name: 'avx512-bf16', family: 'avx512', precision: 'bf16' },
      { name: 'avx512-vnni-bf16', family: 'avx512', precision: 'int8' },
      { name: 'scalar', family: 'scalar', precision: 'fp32' },
    ],
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
          const folder = program.kind === 'node' ? 'src/contenders' : 'peers';
          assert.ok(existsSync(fileURLToPath(new URL(`../${folder}/${program.file}`, import.meta.url))), id);
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
    const copy = toldTo(contenderOf(trials, `build rows=${rows}`, 'copy and quantize, 1 thread'));
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

describe('encode', () => {
  const trials = suiteOf('encode');
  const withPurpose = (of: readonly Trial[], purpose: string) =>
    of.filter(({ parameters }) => parameters['purpose'] === purpose);
  const trialsWith = (cpu: Partial<SuiteOptions['cpu']>) =>
    SUITES.find(({ name }) => name === 'encode')?.trials({ ...OPTIONS, cpu: { ...OPTIONS.cpu, ...cpu } }) ?? [];
  const peersOf = ({ contenders }: Trial) =>
    new Set(contenders.filter(({ role }) => role === 'peer').map(({ name }) => name));
  const environmentOf = ({ program }: Contender) => (program.kind === 'node' ? program.environment : undefined);

  test('each precision at five shapes, by one thread and by all, beside every peer of that precision', () => {
    const speed = withPurpose(trials, 'speed');
    assert.equal(speed.length, 3 * 5 * 2);
    const shapes = new Set(speed.map(({ parameters: { batch, tokens } }) => `${batch} × ${tokens}`));
    assert.deepEqual(shapes, new Set(['1 × 16', '32 × 32', '32 × 128', '8 × 256', '128 × short']));
    const peers: Readonly<Record<string, readonly string[]>> = {
      fp32: [
        'sentence-transformers, torch fp32',
        'ONNX Runtime, community fp32',
        'OpenVINO fp32',
        'transformers.js fp32',
      ],
      bf16: ['sentence-transformers, torch bf16', 'OpenVINO bf16'],
      int8: ['ONNX Runtime, community int8', 'OpenVINO int8'],
    };
    for (const trial of speed) {
      const { precision } = trial.parameters;
      assert.deepEqual(peersOf(trial), new Set(peers[precision as string]), trial.id);
      const [subject, second] = trial.contenders as [Contender, Contender];
      const { encoder, precision: own } = toldTo(subject);
      assert.deepEqual([encoder, own, environmentOf(subject)], ['native', precision, undefined], trial.id);
      if (precision !== 'fp32') continue;
      assert.equal(second.name, 'Cosimo fp32 on ONNX Runtime');
      assert.deepEqual(toldTo(second), { ...toldTo(subject), encoder: 'onnx' });
    }
  });

  test('peers choose among several batches, none bigger than the call, and get the texts that we get', () => {
    for (const { id, contenders } of withPurpose(trials, 'speed')) {
      const [own, ...others] = contenders.map(toldTo);
      for (const told of others) {
        assert.deepEqual(
          [told['texts'], told['batch'], told['threads']],
          [own?.['texts'], own?.['batch'], own?.['threads']],
        );
        const sizes = told['inference_batches'] as number[];
        assert.ok(
          sizes.every((size) => size <= (told['batch'] as number)),
          id,
        );
        assert.ok(sizes.length > 1 || told['batch'] === 1, id);
      }
    }
  });

  test('fp32 on AVX2 is forced where there is a better kernel, on mixed lengths, beside ONNX Runtime', () => {
    const forced = withPurpose(trials, 'older kernel');
    assert.deepEqual(
      forced.map(({ id }) => id),
      [1, 2].map((threads) => `encode fp32 on AVX2: 128 texts of 4 to 63 tokens, threads=${threads}`),
    );
    for (const { contenders } of forced) {
      const [subject, ...others] = contenders as [Contender, ...Contender[]];
      assert.deepEqual(environmentOf(subject), { COSIMO_KERNEL: 'avx2' });
      assert.ok(
        others.every((other) => environmentOf(other) === undefined),
        'nobody else is held back',
      );
      for (const name of ['Cosimo fp32 on ONNX Runtime', 'ONNX Runtime, community fp32'])
        assert.ok(
          others.some((other) => other.name === name),
          name,
        );
    }
    const avx2 = OPTIONS.cpu.encoders.filter(({ family }) => family !== 'avx512');
    assert.deepEqual(withPurpose(trialsWith({ encoders: avx2 }), 'older kernel'), []);
  });

  test('on AMX bf16 is held to the int8 peers too, and AVX-512 is forced', () => {
    const amx = (['fp32', 'bf16', 'int8'] as const).map((precision) => ({ name: 'amx', family: 'amx', precision }));
    const tiles = ['bf16_tile', 'int8_tile'];
    const onAmx = trialsWith({ encoders: [...amx, ...OPTIONS.cpu.encoders], instructions: tiles });
    for (const trial of withPurpose(onAmx, 'speed').filter(({ parameters }) => parameters['precision'] === 'bf16')) {
      const int8 = ['ONNX Runtime, community int8', 'OpenVINO int8'];
      assert.deepEqual(peersOf(trial), new Set(['sentence-transformers, torch bf16', 'OpenVINO bf16', ...int8]));
    }
    const forced = withPurpose(onAmx, 'older kernel').map(({ contenders }) => contenders[0] as Contender);
    assert.deepEqual(
      new Set(forced.map((subject) => `${subject.name}: ${environmentOf(subject)?.['COSIMO_KERNEL']}`)),
      new Set(['Cosimo fp32 on AVX2: avx2', 'Cosimo bf16 on AVX-512: avx512', 'Cosimo int8 on AVX-512: avx512']),
    );
    const bounds = withPurpose(onAmx, 'peak').map(({ contenders }) => toldTo(contenders[1] as Contender)['name']);
    assert.deepEqual(new Set(bounds), new Set(tiles));
  });

  test('a precision that the machine has no kernel for is not asked for', () => {
    const fp32 = OPTIONS.cpu.encoders.filter(({ precision }) => precision === 'fp32');
    const precisions = valuesOf(trialsWith({ encoders: fp32 }), 'precision');
    assert.deepEqual(precisions, new Set(['fp32', 'fp16', undefined]));
  });

  test("multiply-adds beside those of the kernel's instruction, in the same unit and by the same threads", () => {
    const peak = withPurpose(trials, 'peak');
    const seen = peak.map(({ contenders: [subject, bound, ...more] }) => {
      const [own, limit] = [toldTo(subject as Contender), toldTo(bound as Contender)];
      assert.deepEqual(
        [own['multiply_adds'], own['encoder'], limit['unit'], more],
        [true, 'native', 'multiply-adds', []],
      );
      assert.equal(String(own['threads']), limit['threads']);
      return `${own['precision']} ${limit['name']} ${limit['threads']}`;
    });
    const bounds = ['fp32 fma_zmm', 'bf16 bf16_zmm', 'int8 vnni_zmm'];
    assert.deepEqual(new Set(seen), new Set(bounds.flatMap((bound) => [`${bound} 1`, `${bound} 2`])));
    assert.deepEqual(withPurpose(trialsWith({ instructions: [] }), 'peak'), [], 'nothing to hold it to');
  });

  test('quality of each precision over 1,000 sentences', () => {
    const seen = withPurpose(trials, 'quality').map(({ contenders: [subject], data }) => {
      const { encoder, precision } = toldTo(subject as Contender);
      assert.deepEqual(data, [{ kind: 'texts', tokens: 'mixed', count: 1000, seed: 1 }]);
      return `${encoder} ${precision}`;
    });
    assert.deepEqual(seen, ['native fp32', 'native bf16', 'native int8', 'onnx fp16']);
  });

  test('the service beside the bare encoder that it has, and sentence-transformers', () => {
    const overHttp = trials.filter(({ id }) => id.startsWith('encode over HTTP'));
    for (const { id, contenders } of overHttp) {
      const [service, bare] = contenders.map(toldTo);
      for (const name of ['texts', 'encoder', 'precision', 'threads'])
        assert.deepEqual([service?.[name], service?.[name] === undefined], [bare?.[name], false], `${id}: ${name}`);
      assert.equal(service?.['encoder'], 'native');
    }
    const batch = overHttp.find(({ parameters }) => parameters['batch'] === 100) as Trial;
    assert.deepEqual(
      batch.contenders.map(({ name }) => name),
      ['Cosimo over HTTP', 'the bare encoder, its best batch', 'sentence-transformers, torch fp32'],
    );
    const [own, , peer] = batch.contenders.map(toldTo);
    assert.deepEqual([own?.['batch'], own?.['texts_per_call'], peer?.['batch']], [100, 100, 100]);
    assert.equal(own?.['texts'], peer?.['texts']);
    const lone = withPurpose(overHttp, 'latency');
    assert.deepEqual(valuesOf(lone, 'tokens'), new Set([16, 64]));
    for (const { contenders } of lone) assert.ok(contenders.every((one) => toldTo(one)['latency'] === true));
  });

  test('single texts by 64 clients in each precision, all texts as often by the service as by the bare encoder', () => {
    const singles = trials.filter(({ id }) => id.includes('single sentences, clients=64'));
    assert.deepEqual(valuesOf(singles, 'precision'), new Set(['fp32', 'bf16', 'int8']));
    for (const { contenders, data } of singles) {
      const { operation, connections, lean } = toldTo(contenders[0] as Contender);
      assert.deepEqual([operation, connections, lean], ['embed-mixed', 64, true]);
      assert.deepEqual(data, [{ kind: 'texts', tokens: 'mixed', count: REQUESTS, seed: 1 }]);
    }
  });
});

test('http: every operation with 1, 16 and 64 clients, and fixed arrival rates', () => {
  const trials = suiteOf('http').filter(({ parameters: { loop } }) => loop !== 'lean');
  const operations = OPERATIONS.filter(
    (name) => !['embed-one', 'embed-mixed', 'batch-cached', 'batch-mixed'].includes(name),
  );
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
