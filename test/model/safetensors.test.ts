/** The header of a safetensors file: read correctly, or refused with a sentence that names the fault. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { readSafetensorsHeader } from '../../src/model/safetensors.ts';
import { testModelDir } from '../support/models/model.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-files-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const real = await testModelDir();

describe('safetensors', () => {
  const path = join(scratch, 'x.safetensors');
  const write = (header: string | object, dataBytes: number, length?: bigint) => {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(length ?? BigInt(json.length));
    writeFileSync(path, Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]));
  };
  const tensor = (more: object = {}) => ({ t: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24], ...more } });

  test('the real weights', async () => {
    const tensors = await readSafetensorsHeader(join(real, 'model.safetensors'));
    const words = tensors.get('embeddings.word_embeddings.weight');
    assert.deepEqual([words?.dtype, words?.shape, words?.byteLength], ['F32', [30_522, 384], 30_522 * 384 * 4]);
  });

  test('offsets count from the beginning of the file', async () => {
    write({ __metadata__: { format: 'pt' }, ...tensor() }, 24);
    const [[name, found] = []] = [...(await readSafetensorsHeader(path))];
    assert.equal(name, 't');
    assert.equal((found?.byteOffset as number) + 24, readFileSync(path).length);
  });

  const faults: [name: string, make: () => void, message: RegExp][] = [
    ['an empty file', () => writeFileSync(path, ''), /ends after 0 bytes, within its header/],
    ['a header longer than the file', () => write(tensor(), 0, 1000n), /within its header/],
    ['a header of absurd length', () => write(tensor(), 24, 1n << 60n), /its header would be/],
    ['a header that is no JSON', () => write('{"t": ', 24), /no whole safetensors file/],
    ['a header that is no object', () => write('[]', 24), /is no object/],
    ['data that is cut', () => write(tensor(), 23), /within t$/],
    ['a tail', () => write(tensor(), 25), /tensors end after/],
    ['a gap', () => write({ ...tensor(), u: { dtype: 'U8', shape: [1], data_offsets: [25, 26] } }, 26), /u begins at/],
    [
      'an overlap',
      () => write({ ...tensor(), u: { dtype: 'U8', shape: [9], data_offsets: [16, 25] } }, 25),
      /u begins/,
    ],
    ['an unknown type', () => write(tensor({ dtype: 'Q4' }), 24), /t has the unknown type Q4/],
    ['a type from the prototype', () => write(tensor({ dtype: 'constructor' }), 24), /unknown type/],
    [
      'a shape that needs more',
      () => write(tensor({ shape: [2, 4] }), 24),
      /t takes 24 bytes where its shape needs 32/,
    ],
    ['offsets the wrong way round', () => write(tensor({ data_offsets: [24, 0] }), 24), /t takes -24 bytes/],
    ['a negative dimension', () => write(tensor({ shape: [-2, -3] }), 24), /t has no shape/],
  ];
  for (const [name, make, message] of faults) {
    test(`${name} is refused`, async () => {
      make();
      await assert.rejects(readSafetensorsHeader(path), { code: 'model_invalid', message });
    });
  }

  test('any bytes are either a header or a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, prefixed) => {
        if (prefixed) write(Buffer.from(bytes).toString('latin1'), 0);
        else writeFileSync(path, bytes);
        await readSafetensorsHeader(path).catch((error) => assert.equal(error.code, 'model_invalid'));
      }),
      { numRuns: 300 },
    );
  });
});

describe('safetensors, by properties', () => {
  const path = join(scratch, 'property.safetensors');
  const shapes = fc.array(fc.array(fc.nat(4), { maxLength: 3 }), { minLength: 1, maxLength: 5 });
  const fileOf = (wanted: number[][]) => {
    let end = 0;
    const header = Object.fromEntries(
      wanted.map((shape, at) => {
        const start = end;
        end += shape.reduce((product, size) => product * size, 2);
        return [`t${at}`, { dtype: 'F16', shape, data_offsets: [start, end] }];
      }),
    );
    const json = Buffer.from(JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(json.length));
    return { whole: Buffer.concat([prefix, json, Buffer.alloc(end)]), headerBytes: 8 + json.length };
  };

  test('a well-formed file is read; cut anywhere, it is refused', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(), async (wanted, at) => {
        const { whole } = fileOf(wanted);
        writeFileSync(path, whole);
        const tensors = await readSafetensorsHeader(path);
        assert.deepEqual(
          [...tensors.values()].map(({ shape }) => shape),
          wanted,
        );
        writeFileSync(path, whole.subarray(0, at % whole.length));
        await assert.rejects(readSafetensorsHeader(path), { code: 'model_invalid' });
      }),
      { numRuns: 200 },
    );
  });

  test('one altered byte of the header: refused, or every tensor still lies within the file', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(), fc.nat(255), async (wanted, at, byte) => {
        const { whole, headerBytes } = fileOf(wanted);
        whole[at % headerBytes] = byte;
        writeFileSync(path, whole);
        const tensors = await readSafetensorsHeader(path).catch((error) => {
          assert.equal(error.code, 'model_invalid');
          return new Map();
        });
        for (const { byteOffset, byteLength } of tensors.values()) {
          assert.ok(byteOffset >= 8 && byteLength >= 0 && byteOffset + byteLength <= whole.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
