/** The trials of the suite `encode`. */
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { REQUESTS } from '../../src/load/raw-socket-loop.ts';
import { SUITES } from '../../src/suites/suites.ts';
import type { Contender, SuiteOptions, Trial } from '../../src/trial/trial.ts';
import { argumentsOf, OPTIONS, suiteOf, valuesOf } from '../support/suites.ts';

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
      const { encoder, precision: own } = argumentsOf(subject);
      assert.deepEqual([encoder, own, environmentOf(subject)], ['native', precision, undefined], trial.id);
      if (precision !== 'fp32') continue;
      assert.equal(second.name, 'Cosimo fp32 on ONNX Runtime');
      assert.deepEqual(argumentsOf(second), { ...argumentsOf(subject), encoder: 'onnx' });
    }
  });

  test('peers choose among several batches, none bigger than the call, and get the texts that we get', () => {
    for (const { id, contenders } of withPurpose(trials, 'speed')) {
      const [own, ...others] = contenders.map(argumentsOf);
      for (const given of others) {
        assert.deepEqual(
          [given['texts'], given['batch'], given['threads']],
          [own?.['texts'], own?.['batch'], own?.['threads']],
        );
        const sizes = given['inference_batches'] as number[];
        assert.ok(
          sizes.every((size) => size <= (given['batch'] as number)),
          id,
        );
        assert.ok(sizes.length > 1 || given['batch'] === 1, id);
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

  test('on AMX bf16 is compared with the int8 peers too, and AVX-512 is forced', () => {
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
    const bounds = withPurpose(onAmx, 'peak').map(({ contenders }) => argumentsOf(contenders[1] as Contender)['name']);
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
      const [own, limit] = [argumentsOf(subject as Contender), argumentsOf(bound as Contender)];
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
      const { encoder, precision } = argumentsOf(subject as Contender);
      assert.deepEqual(data, [{ kind: 'texts', tokens: 'mixed', count: 1000, seed: 1 }]);
      return `${encoder} ${precision}`;
    });
    assert.deepEqual(seen, ['native fp32', 'native bf16', 'native int8', 'onnx fp16']);
  });

  test('the service beside the bare encoder that it has, and sentence-transformers', () => {
    const overHttp = trials.filter(({ id }) => id.startsWith('encode over HTTP'));
    for (const { id, contenders } of overHttp) {
      const [service, bare] = contenders.map(argumentsOf);
      for (const name of ['texts', 'encoder', 'precision', 'threads'])
        assert.deepEqual([service?.[name], service?.[name] === undefined], [bare?.[name], false], `${id}: ${name}`);
      assert.equal(service?.['encoder'], 'native');
    }
    const batch = overHttp.find(({ parameters }) => parameters['batch'] === 100) as Trial;
    assert.deepEqual(
      batch.contenders.map(({ name }) => name),
      ['Cosimo over HTTP', 'the bare encoder, its best batch', 'sentence-transformers, torch fp32'],
    );
    const [own, , peer] = batch.contenders.map(argumentsOf);
    assert.deepEqual([own?.['batch'], own?.['texts_per_call'], peer?.['batch']], [100, 100, 100]);
    assert.equal(own?.['texts'], peer?.['texts']);
    const lone = withPurpose(overHttp, 'latency');
    assert.deepEqual(valuesOf(lone, 'tokens'), new Set([16, 64]));
    for (const { contenders } of lone) assert.ok(contenders.every((one) => argumentsOf(one)['latency'] === true));
  });

  test('single texts by 64 clients in each precision, all texts as often by the service as by the bare encoder', () => {
    const singles = trials.filter(({ id }) => id.includes('single sentences, clients=64'));
    assert.deepEqual(valuesOf(singles, 'precision'), new Set(['fp32', 'bf16', 'int8']));
    for (const { contenders, data } of singles) {
      const { operation, connections, lean } = argumentsOf(contenders[0] as Contender);
      assert.deepEqual([operation, connections, lean], ['embed-mixed', 64, true]);
      assert.deepEqual(data, [{ kind: 'texts', tokens: 'mixed', count: REQUESTS, seed: 1 }]);
    }
  });
});
