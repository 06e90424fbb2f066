/** Writes unit rows of several kinds, seeded. Each maker fills one row at a time. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { SPARE_ROWS, type VectorSet, type VectorSource, type vectorFiles } from './data-set.ts';
import { type Random, seededRandom, shuffled, zipf } from './random.ts';

/** Writes the next row into `row`. */
type RowMaker = (row: Float32Array) => void;

const CLUSTERS = 1000;
const CLUSTER_SIZE_EXPONENT = 0.8;
/** Standard deviation within a cluster, relative to the one between clusters. */
const WITHIN_CLUSTER = 0.6;
/** The variance of component i falls with this power of i, about as in sentence embeddings. */
const SPECTRUM_EXPONENT = 1;
const ROTATION_LAYERS = 10;
const GROUP_ROWS = 16;
const WRITE_ROWS = 4096;

type DrawnSource = Exclude<VectorSource, 'sentences' | 'documentation'>;

/** Makes unit rows of a kind. */
export function unitRowMaker(source: DrawnSource, dimensions: number, random: Random): RowMaker {
  const make = rowMaker(source, dimensions, random);
  return (row) => {
    make(row);
    normalize(row);
  };
}

function rowMaker(source: DrawnSource, dimensions: number, random: Random): RowMaker {
  if (source === 'gaussian') return (row) => void row.forEach((_, i) => (row[i] = random.gaussian()));
  if (source === 'clustered') return clusteredRows(dimensions, random);
  return nearDuplicates(dimensions, random);
}

function clusteredRows(dimensions: number, random: Random): RowMaker {
  const deviations = Array.from({ length: dimensions }, (_, i) => (i + 1) ** (-SPECTRUM_EXPONENT / 2));
  const centers = Array.from({ length: CLUSTERS }, () => deviations.map((deviation) => deviation * random.gaussian()));
  const cluster = zipf(random, CLUSTERS, CLUSTER_SIZE_EXPONENT);
  const rotate = rotation(dimensions, random);
  return (row) => {
    const center = centers[cluster()] as number[];
    for (let i = 0; i < dimensions; i += 1) {
      row[i] = (center[i] as number) + WITHIN_CLUSTER * (deviations[i] as number) * random.gaussian();
    }
    rotate(row);
  };
}

/**
 * Groups of sixteen: one row, three exact copies of it, and twelve that differ by 10⁻⁷ to 10⁻² of its length. A
 * group's rows lie next to one another, so searches meet ties at every place of a chunk.
 */
function nearDuplicates(dimensions: number, random: Random): RowMaker {
  const original = new Float32Array(dimensions);
  let member = 0;
  return (row) => {
    if (member === 0) original.forEach((_, i) => (original[i] = random.gaussian()));
    const distance = member < 4 ? 0 : 10 ** -(2 + (member % 6));
    for (let i = 0; i < dimensions; i += 1) row[i] = (original[i] as number) + distance * random.gaussian();
    member = (member + 1) % GROUP_ROWS;
  };
}

/** A fixed random rotation: layers of plane rotations of random pairs, so that the spectrum isn't aligned with the axes. */
function rotation(dimensions: number, random: Random): RowMaker {
  const layers = Array.from({ length: ROTATION_LAYERS }, () => {
    const order = shuffled(
      Array.from({ length: dimensions }, (_, i) => i),
      random,
    );
    const angles = Float64Array.from({ length: dimensions >> 1 }, () => random.uniform() * 2 * Math.PI);
    return { order: Int32Array.from(order), cosines: angles.map(Math.cos), sines: angles.map(Math.sin) };
  });
  return (row) => {
    for (const { order, cosines, sines } of layers) {
      for (let pair = 0; pair < cosines.length; pair += 1) {
        const [a, b] = [order[2 * pair] as number, order[2 * pair + 1] as number];
        const [x, y, c, s] = [row[a] as number, row[b] as number, cosines[pair] as number, sines[pair] as number];
        row[a] = c * x - s * y;
        row[b] = s * x + c * y;
      }
    }
  };
}

function normalize(row: Float32Array): void {
  let square = 0;
  for (const value of row) square += value * value;
  const factor = 1 / Math.sqrt(square);
  for (let i = 0; i < row.length; i += 1) row[i] = (row[i] as number) * factor;
}

/** Writes rows and then queries from one stream of random numbers, so that both have the same distribution. */
export async function writeVectors(set: VectorSet, paths: ReturnType<typeof vectorFiles>): Promise<void> {
  const { source } = set;
  if (source === 'sentences' || source === 'documentation') throw new Error(`a model makes vectors of ${source}`);
  const make = unitRowMaker(source, set.dimensions, seededRandom(set.seed));
  await writeRows(paths.vectors, set.rows + SPARE_ROWS, set.dimensions, make);
  await writeRows(paths.queries, set.queries, set.dimensions, make);
}

async function writeRows(path: string, rows: number, dimensions: number, make: RowMaker): Promise<void> {
  const stream = createWriteStream(path);
  for (let done = 0; done < rows; done += WRITE_ROWS) {
    const block = new Float32Array(Math.min(WRITE_ROWS, rows - done) * dimensions);
    for (let at = 0; at < block.length; at += dimensions) {
      make(block.subarray(at, at + dimensions));
    }
    if (!stream.write(new Uint8Array(block.buffer))) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}
