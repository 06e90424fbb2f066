/** Which encoder serves, by setting, device, precision, model and available kernels. */
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import {
  chooseEncoder,
  type EncoderSettings,
  type EncoderSupport,
  type NativeChoice,
} from '../../src/encoder/encoder-choice.ts';
import { nativeParallelism } from '../../src/encoder/native/native-encoder-set.ts';
import type { NativeEncoderKernel, NativePrecision } from '../../src/native/transformer-encoder.ts';

const kernel = (family: string, precision: NativePrecision = 'fp32'): NativeEncoderKernel => ({
  name: `${family}-${precision}`,
  family,
  precision,
});
const ALL = [kernel('avx512'), kernel('avx512', 'bf16'), kernel('avx512', 'int8')];

const choose = (settings: Partial<EncoderSettings>, support: Partial<EncoderSupport> = {}) =>
  chooseEncoder(
    { encoder: 'auto', device: 'cpu', precision: 'auto', ...settings },
    { arch: 'x64', searchKernel: 'avx512', kernels: ALL, tilesRefused: false, modelUnsupported: undefined, ...support },
  );

describe('ENCODER=auto', () => {
  test('on the CPU it is native, fp32 unless another precision is asked for', () => {
    assert.deepEqual(choose({}), { kind: 'native', precision: 'fp32' });
    for (const precision of ['fp32', 'bf16', 'int8'] as const) {
      assert.deepEqual(choose({ precision }), { kind: 'native', precision });
    }
    assert.deepEqual(choose({}, { kernels: [kernel('avx2')] }), { kind: 'native', precision: 'fp32' });
  });

  test('where the device is open CUDA comes first, but for what only the native encoder computes in', () => {
    assert.deepEqual(choose({ device: 'auto' }), { kind: 'native', precision: 'fp32', cudaPrecision: 'auto' });
    const fp32 = choose({ device: 'auto', precision: 'fp32' });
    assert.deepEqual(fp32, { kind: 'native', precision: 'fp32', cudaPrecision: 'fp32' });
    assert.deepEqual(choose({ device: 'auto', precision: 'bf16' }), { kind: 'native', precision: 'bf16' });
  });

  test('where tiles are refused bf16 is computed in fp32, which is faster there, and the log says so', () => {
    for (const encoder of ['auto', 'native'] as const) {
      const { instead, ...choice } = choose({ encoder, precision: 'bf16' }, { tilesRefused: true }) as NativeChoice;
      assert.deepEqual(choice, { kind: 'native', precision: 'fp32' });
      assert.match(instead as string, /does not let this process use the tiles/);
    }
    assert.deepEqual(choose({ precision: 'int8' }, { tilesRefused: true }), { kind: 'native', precision: 'int8' });
    assert.deepEqual(choose({}, { tilesRefused: true }), { kind: 'native', precision: 'fp32' });
  });

  test('what it leaves to ONNX Runtime it gives a reason for', () => {
    const left: [Partial<EncoderSettings>, Partial<EncoderSupport>, precision: string, RegExp][] = [
      [{ precision: 'fp16' }, {}, 'fp16', /computes in fp32, bf16 or int8, and PRECISION=fp16/],
      [{}, { modelUnsupported: 'it is an ONNX file' }, 'auto', /does not take this model: it is an ONNX file/],
      [
        {},
        { kernels: [kernel('scalar')] },
        'auto',
        /only its scalar kernel here, which is slow; ENCODER=native takes it/,
      ],
      [
        {},
        { arch: 'arm64', kernels: [kernel('neon')] },
        'auto',
        /neon-fp32 has never run on such a CPU; ENCODER=native/,
      ],
    ];
    for (const [settings, support, precision, reason] of left) {
      for (const device of ['cpu', 'auto'] as const) {
        const choice = choose({ device, ...settings }, support);
        assert.deepEqual([choice.kind, choice.precision], ['onnx', precision]);
        assert.match((choice as { reason: string }).reason, reason);
      }
    }
  });

  test('DEVICE=cuda is ONNX Runtime without a word', () => {
    assert.deepEqual(choose({ device: 'cuda' }), { kind: 'onnx', precision: 'auto' });
    assert.deepEqual(choose({ device: 'cuda', precision: 'fp16' }), { kind: 'onnx', precision: 'fp16' });
  });

  test('bf16 and int8 are taken on any CPU that has them, and refused where nothing has them', () => {
    const neon = { arch: 'arm64', kernels: [kernel('neon'), kernel('neon-dotprod', 'bf16')] };
    assert.deepEqual(choose({ precision: 'bf16' }, neon), { kind: 'native', precision: 'bf16' });
    const refused: [Partial<EncoderSettings>, Partial<EncoderSupport>, RegExp][] = [
      [
        { precision: 'int8' },
        { searchKernel: 'avx2', kernels: [kernel('avx2')] },
        /^PRECISION=int8, but no encoder kernel here computes in int8; with the search kernel avx2 there are fp32 \(avx2-fp32\)\. Set /,
      ],
      [
        { precision: 'bf16', device: 'cuda' },
        {},
        /^PRECISION=bf16, but the native encoder runs on the CPU, and DEVICE=cuda/,
      ],
      [
        { precision: 'int8' },
        { modelUnsupported: 'odd' },
        /^PRECISION=int8, but the native encoder does not take this model: odd\. Set/,
      ],
    ];
    for (const [settings, support, message] of refused) {
      assert.throws(() => choose(settings, support), { code: 'invalid_setting', message });
    }
  });
});

test('ENCODER=native is native or a sentence that says why not', () => {
  const encoder = 'native';
  assert.deepEqual(
    choose({ encoder, device: 'auto' }),
    { kind: 'native', precision: 'fp32' },
    'CUDA is not looked for',
  );
  assert.deepEqual(choose({ encoder }, { kernels: [kernel('scalar')] }), { kind: 'native', precision: 'fp32' });
  const arm = { arch: 'arm64', kernels: [kernel('neon')] };
  assert.deepEqual(choose({ encoder }, arm), { kind: 'native', precision: 'fp32' });
  const refused: [Partial<EncoderSettings>, Partial<EncoderSupport>, RegExp][] = [
    [
      { precision: 'fp16' },
      {},
      /^ENCODER=native, but .*PRECISION=fp16\. Set ENCODER=onnx, or ENCODER and PRECISION to auto/,
    ],
    [{ device: 'cuda' }, {}, /^ENCODER=native, but .*DEVICE=cuda insists on the GPU/],
    [{}, { modelUnsupported: 'odd' }, /^ENCODER=native, but the native encoder does not take this model: odd/],
    [
      { precision: 'bf16' },
      { kernels: [kernel('avx512')] },
      /^ENCODER=native, but no encoder kernel here computes in bf16/,
    ],
  ];
  for (const [settings, support, message] of refused) {
    assert.throws(() => choose({ encoder, ...settings }, support), { code: 'invalid_setting', message });
  }
});

test('ENCODER=onnx is ONNX Runtime without a word, in what it computes in', () => {
  const encoder = 'onnx';
  assert.deepEqual(choose({ encoder }), { kind: 'onnx', precision: 'auto' });
  assert.deepEqual(choose({ encoder, precision: 'fp16', device: 'auto' }), { kind: 'onnx', precision: 'fp16' });
  for (const precision of ['bf16', 'int8'] as const) {
    assert.throws(() => choose({ encoder, precision }), {
      code: 'invalid_setting',
      message: new RegExp(`^PRECISION=${precision}, but ENCODER=onnx computes in fp32 or fp16\\. Set ENCODER to auto`),
    });
  }
});

test('the native encoder is not measured for workers and threads: it has all cores, and a batch besides the one it works on', () => {
  assert.deepEqual(nativeParallelism({ workers: 0, threads: 0 }, 12), { batches: 2, threads: 12 });
  assert.deepEqual(nativeParallelism({ workers: 0, threads: 4 }, 12), { batches: 2, threads: 4 });
  assert.deepEqual(nativeParallelism({ workers: 3, threads: 0 }, 12), { batches: 3, threads: 12 });
  assert.deepEqual(nativeParallelism({ workers: 3, threads: 4 }, 12), { batches: 3, threads: 12 });
});
