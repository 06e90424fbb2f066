/** The native encoder on the real model, with every kernel: close to sentence-transformers, and the same bits in every batch. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import { createNativeEncoder, type NativeEncoder } from '../../../src/encoder/native/native-encoder.ts';
import { readModel } from '../../../src/model/model.ts';
import { native } from '../../../src/native/binding.ts';
import { atEnd } from '../../support/at-end.ts';
import { testModelDir } from '../../support/models/model.ts';
import { encodeTexts, testPipeline } from '../../support/pipeline.ts';

/** The least cosine to sentence-transformers: of any text, and of the mean. */
const COSINE_MIN = {
  fp32: { worst: 0.999999, mean: 0.999999 },
  bf16: { worst: 0.9999, mean: 0.9999 },
  int8: { worst: 0.992, mean: 0.998 },
} as const;
const DIMENSIONS = 384;

const { texts } = JSON.parse(readFileSync(new URL('../../fixtures/embeddings.json', import.meta.url), 'utf8')) as {
  /** `vector`: base64 of little-endian float32. */
  texts: { name: string; text: string; ids: number[]; vector: string }[];
};
const modelDir = await testModelDir();
const model = await readModel(modelDir);
const batch = texts.map(({ ids }) => Int32Array.from(ids));
const part = (vectors: Float32Array, at: number) => vectors.subarray(at * DIMENSIONS, (at + 1) * DIMENSIONS);

function cosines(vectors: Float32Array, count = texts.length): number[] {
  return texts.slice(0, count).map(({ vector }, at) => {
    const bytes = Buffer.from(vector, 'base64');
    return part(vectors, at).reduce((sum, value, i) => sum + value * bytes.readFloatLE(i * 4), 0);
  });
}

function assertSameBits(actual: Float32Array, expected: Float32Array, name: string): void {
  assert.ok(Buffer.from(actual.slice().buffer).equals(Buffer.from(expected.slice().buffer)), name);
}

for (const precision of ['fp32', 'bf16', 'int8'] as const) {
  const kernel = native.encoderKernels.find((each) => each.precision === precision);

  describe(precision, async () => {
    if (kernel === undefined) {
      test('encodes', ({ skip }) => skip(`no kernel of this machine computes in ${precision}`));
      return;
    }
    const open = async (threads: number): Promise<NativeEncoder> => {
      const encoder = await createNativeEncoder({ model, precision, threads });
      atEnd(() => encoder.close());
      return encoder;
    };
    const encoder = await open(2);
    const together = await encoder.encode(batch);

    test('it says its kernel, precision, device and dimensions', () => {
      assert.deepEqual([encoder.kernel, encoder.precision, encoder.dimensions], [kernel.name, precision, DIMENSIONS]);
      assert.equal(encoder.description, `native encoder (${kernel.name}), cpu, ${precision}`);
      assert.deepEqual([encoder.device, encoder.pads], ['cpu', false]);
    });

    test('vectors agree with sentence-transformers', async ({ annotate }) => {
      const found = cosines(together);
      const [worst, mean] = [Math.min(...found), found.reduce((sum, each) => sum + each, 0) / found.length];
      await annotate(`cosine: worst ${worst.toFixed(8)}, mean ${mean.toFixed(8)}`);
      const at = found.indexOf(worst);
      assert.ok(worst >= COSINE_MIN[precision].worst, `${texts[at]?.name}: ${worst}`);
      assert.ok(mean >= COSINE_MIN[precision].mean, `mean ${mean}`);
      for (const at of texts.keys()) assert.ok(Math.abs(Math.hypot(...part(together, at)) - 1) < 1e-6);
    });

    test('a text has the same bits alone, in other batches, and by one thread', async () => {
      const alone = await open(1);
      for (let at = 0; at < texts.length; at += 7) {
        const [ids] = batch.slice(at, at + 1) as [Int32Array];
        assertSameBits(await encoder.encode([ids]), part(together, at), `${texts[at]?.name}, alone`);
        assertSameBits(await alone.encode([ids]), part(together, at), `${texts[at]?.name}, by one thread`);
      }
      const reversed = await alone.encode(batch.toReversed());
      for (const at of texts.keys()) {
        assertSameBits(part(reversed, texts.length - 1 - at), part(together, at), texts[at]?.name as string);
      }
    });

    test('batches under way together have the bits of one batch', async () => {
      const parts = [batch.slice(0, 3), batch.slice(3, 60), batch.slice(60)];
      const encoded = await Promise.all(parts.map((each) => encoder.encode(each)));
      const joined = new Float32Array(encoded.flatMap((vectors) => [...vectors]));
      assertSameBits(joined, together, 'one after another');
    });

    test('memoryBytes counts weights and workspace, and is 0 once closed', async () => {
      const own = await open(1);
      const bytesOfWeights = { fp32: 4, bf16: 2, int8: 1 }[precision];
      const [embeddings, layers] = [31_000 * DIMENSIONS, 10_600_000];
      assert.ok(own.memoryBytes > layers * bytesOfWeights + 2 * embeddings, `${own.memoryBytes} bytes`);
      assert.ok(own.memoryBytes < 200e6, `${own.memoryBytes} bytes`);
      await own.close();
      assert.equal(own.memoryBytes, 0);
    });
  });
}

test('texts through tokenizer and queue have the same bits, without a token of padding', async () => {
  const reports: { tokens: number; paddingTokens: number }[] = [];
  const options = { modelDir, encoder: 'native', workers: 2, batchTokens: 300 } as const;
  const pipeline = await testPipeline(options, { onBatch: (report) => reports.push(report) });
  assert.match(pipeline.description, /^native encoder/);
  const vectors = await encodeTexts(
    pipeline,
    texts.map(({ text }) => text),
  );
  const encoder = await createNativeEncoder({ model, precision: 'fp32', threads: 1 });
  const expected = await encoder.encode(batch);
  for (const [at, vector] of vectors.entries()) assertSameBits(vector, part(expected, at), texts[at]?.name as string);
  assert.ok(reports.length > 1);
  for (const { tokens, paddingTokens } of reports) assert.ok(tokens <= 300 && paddingTokens === 0);
  await encoder.close();
});

describe('COSIMO_KERNEL leaves kernels of its family and older ones, whose vectors agree with sentence-transformers', () => {
  const FIRST = 12;
  const script = `
    import { createNativeEncoder } from ${JSON.stringify(new URL('../../../src/encoder/native/native-encoder.ts', import.meta.url).href)};
    import { readModel } from ${JSON.stringify(new URL('../../../src/model/model.ts', import.meta.url).href)};
    import { native } from ${JSON.stringify(new URL('../../../src/native/binding.ts', import.meta.url).href)};
    const model = await readModel(${JSON.stringify(modelDir)});
    for (const { name, family, precision } of native.encoderKernels) {
      const encoder = await createNativeEncoder({ model, precision, threads: 2 });
      const vectors = await encoder.encode(${JSON.stringify(texts.slice(0, FIRST).map(({ ids }) => ids))}.map((ids) => Int32Array.from(ids)));
      console.log(JSON.stringify({ name, family, precision, kernel: encoder.kernel, vectors: [...vectors] }));
      await encoder.close();
    }`;
  for (const forced of native.availableKernels) {
    test(forced, async ({ annotate }) => {
      const env = { ...process.env, COSIMO_KERNEL: forced };
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        env,
        encoding: 'utf8',
        timeout: 60_000,
      });
      const found = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.equal(found[0]?.precision, 'fp32', stderr);
      for (const { name, family, kernel, precision, vectors } of found) {
        assert.equal(kernel, name);
        assert.ok(
          native.availableKernels.indexOf(family) >= native.availableKernels.indexOf(forced),
          `${name} of ${family}`,
        );
        const worst = Math.min(...cosines(Float32Array.from(vectors), FIRST));
        await annotate(`${name}, ${precision}: worst cosine ${worst.toFixed(8)}`);
        assert.ok(worst >= COSINE_MIN[precision as keyof typeof COSINE_MIN].worst, `${name}: ${worst}`);
      }
    });
  }
});
