/** The contenders of a search: Cosimo, Cosimo with a choice forced, limits of the machine, peers. */
import { type VectorSet, type VectorSource, vectorFiles } from '../../data/data-set.ts';
import type { Contender, SuiteOptions } from '../../trial/trial.ts';

const DIMENSIONS = 384;
const QUERIES = 256;
const PEERS = { FAISS: 'faiss', 'FAISS, BLAS always': 'faiss-blas', NumPy: 'numpy', usearch: 'usearch' };

/** The part of a spec that Cosimo and its peers share; `SearchSpec` has the further fields for Cosimo. */
export interface WorkSpec {
  readonly [name: string]: unknown;
  readonly rows: number;
  readonly dimensions: number;
  readonly threads: number;
}

export function vectorSet(source: VectorSource, rows: number, { seed }: SuiteOptions): VectorSet {
  return { kind: 'vectors', source, rows, queries: QUERIES, dimensions: DIMENSIONS, seed };
}

export function specOf(set: VectorSet, { quick, seed }: SuiteOptions) {
  return {
    ...vectorFiles(set),
    rows: set.rows,
    dimensions: set.dimensions,
    query_count: set.queries,
    seed,
    round_s: quick ? 0.05 : 0.3,
    warm_up_s: quick ? 0 : 0.2,
  };
}

export function cosimo(spec: WorkSpec, name = 'Cosimo'): Contender {
  return {
    name,
    role: name === 'Cosimo' ? 'subject' : 'reference',
    program: { kind: 'node', file: 'search/search.ts', spec },
  };
}

export function peers(spec: WorkSpec): Contender[] {
  return Object.entries(PEERS).map(([name, peer]) => ({
    name,
    role: 'peer',
    program: { kind: 'python', file: 'search_peer.py', spec: { ...spec, peer } },
  }));
}

/** Cosimo forced to plain codes, to each of the two ways to read them, and to the kernel of CPUs without AVX-512. */
export function forcedScans(spec: WorkSpec, { cpu }: SuiteOptions): Contender[] {
  const scans = [
    plainCodes(spec),
    cosimo({ ...spec, scan: 'planes' }, 'Cosimo, planes'),
    cosimo({ ...spec, scan: 'bytes' }, 'Cosimo, bytes'),
  ];
  const kernel = 'avx2';
  if (cpu.active_kernel === kernel || !cpu.kernels.includes(kernel)) return scans;
  const program = {
    kind: 'node' as const,
    file: 'search/search.ts',
    spec: { ...spec, kernel },
    environment: { COSIMO_KERNEL: kernel },
  };
  return [...scans, { name: 'Cosimo, AVX2', role: 'reference', program }];
}

export function plainCodes(spec: WorkSpec): Contender {
  return cosimo({ ...spec, scan: 'plain' }, 'Cosimo, plain');
}

/** The same queries one after another instead of at once. */
export function oneAfterAnother(spec: WorkSpec): Contender {
  return cosimo({ ...spec, in_a_row: true }, 'Cosimo, in a row');
}

export function oneThread(spec: WorkSpec): Contender {
  return cosimo({ ...spec, threads: 1 }, 'Cosimo, 1 thread');
}

/** The limit: how many times a second the machine can read the codes of all rows, a byte a dimension. */
export function codeReadLimit({ rows, dimensions, threads }: WorkSpec, options: SuiteOptions): Contender {
  const bytes = rows * dimensions;
  const share = ['--bytes', String(Math.ceil(bytes / threads)), '--pass-bytes', String(bytes)];
  return {
    name: 'reading the codes',
    role: 'reference',
    program: { kind: 'native', args: ['read', ...share, '--threads', String(threads), ...roundOf(options)] },
  };
}

/** Copies rows into fresh memory, reads them again and writes them as bytes, on one thread, as an index is filled. */
export function copyAndQuantize({ rows, dimensions }: WorkSpec, options: SuiteOptions): Contender {
  const size = ['--rows', String(rows), '--dimensions', String(dimensions)];
  return {
    name: 'copy and quantize, 1 thread',
    role: 'reference',
    program: { kind: 'native', args: ['copy', ...size, '--threads', '1', ...roundOf(options)] },
  };
}

const roundOf = ({ quick }: SuiteOptions) => ['--round-s', quick ? '0.05' : '0.3'];
