/** The header of a safetensors file: which tensors lie where. The data is not read here. */
import { type FileHandle, open } from 'node:fs/promises';
import { CosimoError } from '../errors.ts';

export interface Tensor {
  /** As safetensors names it: F32, F16, BF16, I64, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Offset from the beginning of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

const LENGTH_BYTES = 8;
/** The limit of the format itself. */
const HEADER_BYTES_MAX = 100_000_000;
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** @throws CosimoError `model_invalid`, a sentence that names the file and its fault */
export async function readSafetensorsHeader(path: string): Promise<Map<string, Tensor>> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    const { size } = await handle.stat();
    const prefix = await readExactly(handle, 0, LENGTH_BYTES, size);
    const headerBytes = Number(prefix.readBigUInt64LE(0));
    if (headerBytes > HEADER_BYTES_MAX) throw new Error(`its header would be ${headerBytes} bytes long`);
    const header = await readExactly(handle, LENGTH_BYTES, headerBytes, size);
    return parseHeader(header.toString('utf8'), LENGTH_BYTES + headerBytes, size);
  } catch (cause) {
    throw new CosimoError('model_invalid', `${path} is no whole safetensors file: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    await handle?.close();
  }
}

async function readExactly(handle: FileHandle, position: number, length: number, fileBytes: number): Promise<Buffer> {
  if (position + length > fileBytes) throw new Error(`it ends after ${fileBytes} bytes, within its header`);
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead < length) throw new Error('it was cut while it was read');
  return buffer;
}

function parseHeader(json: string, dataStart: number, fileBytes: number): Map<string, Tensor> {
  const header: unknown = JSON.parse(json);
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new Error('its header is no object');
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  const tensors = new Map(entries.map(([name, entry]) => [name, parseTensor(name, entry, dataStart, fileBytes)]));
  checkCoverage(tensors, dataStart, fileBytes);
  return tensors;
}

/** In this format every byte of data belongs to exactly one tensor: a gap, an overlap or a tail is a sign of damage. */
function checkCoverage(tensors: ReadonlyMap<string, Tensor>, dataStart: number, fileBytes: number): void {
  const inOrder = [...tensors].toSorted(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const [name, { byteOffset, byteLength }] of inOrder) {
    if (byteOffset !== end)
      throw new Error(`${name} begins at byte ${byteOffset} where the data before it ends at ${end}`);
    end += byteLength;
  }
  if (end !== fileBytes) throw new Error(`it has ${fileBytes} bytes where its tensors end after ${end}`);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseTensor(name: string, entry: unknown, dataStart: number, fileBytes: number): Tensor {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const elementBytes =
    typeof dtype === 'string' && Object.hasOwn(ELEMENT_BYTES, dtype) ? ELEMENT_BYTES[dtype] : undefined;
  if (elementBytes === undefined) throw new Error(`${name} has the unknown type ${String(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) throw new Error(`${name} has no shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw new Error(`${name} has no offsets`);
  const [start, end] = offsets as [number, number];
  const byteLength = shape.reduce((product, size) => product * size, elementBytes);
  if (end - start !== byteLength)
    throw new Error(`${name} takes ${end - start} bytes where its shape needs ${byteLength}`);
  if (dataStart + end > fileBytes) throw new Error(`it ends after ${fileBytes} bytes, within ${name}`);
  return { dtype: dtype as string, shape, byteOffset: dataStart + start, byteLength };
}
