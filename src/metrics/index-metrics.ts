/** The metrics of the vector index, each read from the index when somebody asks. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { IndexStatistics } from '../index/vector-index.ts';
import { type NativeMetric, registerNativeMetrics } from './native-metrics.ts';

const CODES = ['planes', 'bytes', 'rotated'] as const;

/** The numbers before the index exists. */
const NOTHING: IndexStatistics = {
  rows: 0,
  deadRows: 0,
  rowBytes: 0,
  memoryBytes: 0,
  movedRows: 0,
  rotatedRows: 0,
  rotations: 0,
  headDimensions: 0,
  isRotating: false,
  searches: 0,
  scans: 0,
  planeRows: 0,
  planeRowsPassed: 0,
  byteRows: 0,
  headRows: 0,
  headRowsPassed: 0,
  recordRowsPassed: 0,
  scoredRows: 0,
  readBytes: 0,
  scan: 'planes',
};

const GAUGES: readonly NativeMetric<IndexStatistics>[] = [
  ['cosimo_index_memory_bytes', 'Native memory of the vector index', ({ memoryBytes }) => memoryBytes],
  ['cosimo_index_row_bytes', 'The live rows as plain float32', ({ rowBytes }) => rowBytes],
  ['cosimo_index_dead_rows', 'Rows without a document whose memory has yet to come back', ({ deadRows }) => deadRows],
  [
    'cosimo_index_rotated_rows',
    'Rows in full chunks whose codes are of the rotated row',
    ({ rotatedRows }) => rotatedRows,
  ],
  [
    'cosimo_index_head_dimensions',
    'Dimensions of a rotated row that a search reads first; 0 without a rotation',
    ({ headDimensions }) => headDimensions,
  ],
];

const COUNTERS: readonly NativeMetric<IndexStatistics>[] = [
  ['cosimo_index_moved_rows_total', 'Rows moved to give memory back', ({ movedRows }) => movedRows],
  ['cosimo_index_searches_total', 'Searches of the index', ({ searches }) => searches],
  ['cosimo_index_scans_total', 'Passes over the rows, each for all searches that waited', ({ scans }) => scans],
  [
    'cosimo_index_plane_rows_passed_total',
    'Pairs of row and query that the upper plane of the codes let pass',
    ({ planeRowsPassed }) => planeRowsPassed,
  ],
  [
    'cosimo_index_head_rows_passed_total',
    'Pairs of row and query that the head of the rotated row let pass',
    ({ headRowsPassed }) => headRowsPassed,
  ],
  [
    'cosimo_index_record_rows_passed_total',
    'Of these, pairs that the record of the rotated row let pass, too',
    ({ recordRowsPassed }) => recordRowsPassed,
  ],
  [
    'cosimo_index_rotations_total',
    'Rotations that were learned from the rows and adopted',
    ({ rotations }) => rotations,
  ],
  ['cosimo_index_scored_rows_total', 'Pairs of row and query scored exactly', ({ scoredRows }) => scoredRows],
  ['cosimo_index_read_bytes_total', 'Bytes of codes and rows that searches have read', ({ readBytes }) => readBytes],
];

/** @param statistics of the index; undefined before it exists */
export function registerIndexMetrics(registry: Registry, statistics: () => IndexStatistics | undefined): void {
  const registers = [registry];
  const now = () => statistics() ?? NOTHING;
  registerNativeMetrics(registry, now, { gauges: GAUGES, counters: COUNTERS });
  new Counter({
    name: 'cosimo_index_bounded_rows_total',
    help: 'Pairs of row and query bounded by codes: by the upper plane first, by whole bytes, or by heads of rotated rows',
    labelNames: ['codes'],
    registers,
    collect() {
      const { planeRows, byteRows, headRows } = now();
      this.reset();
      this.inc({ codes: 'planes' }, planeRows);
      this.inc({ codes: 'bytes' }, byteRows);
      this.inc({ codes: 'rotated' }, headRows);
    },
  });
  new Gauge({
    name: 'cosimo_index_scan',
    help: '1 for the codes that few searches at once read first just now',
    labelNames: ['codes'],
    registers,
    collect() {
      const { scan } = now();
      for (const codes of CODES) this.set({ codes }, Number(codes === scan));
    },
  });
}
