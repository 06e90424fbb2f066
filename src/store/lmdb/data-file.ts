/**
 * Looks at a data file before LMDB writes to it. LMDB maps the file into memory and believes what stands there: a damaged one ends
 * the process, or keeps it busy for ever. Flipped bytes within a page are not noticed here.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CosimoError } from '../../errors.ts';
import { DATA_FILE, openForReading, ROOT_KEYS } from './layout.ts';

/** Places in a meta page, little-endian: MDB_page_header and MDB_meta of mdb.c, data format 2. */
const MAGIC_AT = 24;
const VERSION_AT = 28;
const PAGE_BYTES_AT = 48;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;
const META_BYTES = 160;

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const MAX_PAGE_BYTES = 65_536;

const WALK_TIMEOUT_MS = 600_000;

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: number;
}

/**
 * @param dir a store's folder; it needs no data file
 * @throws CosimoError `store_unavailable`, a sentence that names the file and what to do. The file is as it was.
 */
export function requireSoundDataFile(dir: string): void {
  const path = join(dir, DATA_FILE);
  const shape = shapeOf(path);
  if (shape === 'absent') return;
  if (shape === 'damaged' || (shape === 'cut' && !canBeRead(dir))) {
    throw refusal(`${path} is damaged, or no store of Cosimo's: put back a copy of it, or set another DATA_DIR.`);
  }
  const root = openForReading(dir);
  const keys = [...root.getKeys()].map(String);
  void root.close();
  const foreign = keys.find((key) => !ROOT_KEYS.includes(key));
  if (foreign !== undefined) throw refusal(`${path} is another program's LMDB file: set another DATA_DIR.`);
}

const refusal = (sentence: string) => new CosimoError('store_unavailable', sentence);

/** Whether a file is missing or empty, as one that is about to be made. */
export const isMissingOrEmpty = (path: string) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;

/** An empty file is one that has just been made. `cut`: it ends before the last page that it once had, which may have been free. */
function shapeOf(path: string): 'absent' | 'damaged' | 'cut' | 'whole' {
  const file = openIfThere(path);
  if (file === undefined) return 'absent';
  try {
    const { size } = fstatSync(file);
    if (size === 0) return 'absent';
    const first = readMeta(file, 0);
    const second = first && readMeta(file, first.pageBytes);
    if (first === undefined || second === undefined || second.pageBytes !== first.pageBytes) return 'damaged';
    const { lastPage, pageBytes } = first.transaction > second.transaction ? first : second;
    return size < (lastPage + 1) * pageBytes ? 'cut' : 'whole';
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readMeta(file: number, at: number): Meta | undefined {
  const page = Buffer.alloc(META_BYTES);
  if (readSync(file, page, 0, META_BYTES, at) < META_BYTES) return undefined;
  if (page.readUInt32LE(MAGIC_AT) !== MAGIC || page.readUInt32LE(VERSION_AT) !== VERSION) return undefined;
  const pageBytes = page.readUInt32LE(PAGE_BYTES_AT);
  if (pageBytes < META_BYTES || pageBytes > MAX_PAGE_BYTES) return undefined;
  const lastPage = Number(page.readBigUInt64LE(LAST_PAGE_AT));
  return { pageBytes, lastPage, transaction: Number(page.readBigUInt64LE(TRANSACTION_AT)) };
}

/** Reads everything in a process of its own, since reading a page that is not there ends the process. */
function canBeRead(dir: string): boolean {
  const program = fileURLToPath(new URL('./read-data-file.ts', import.meta.url));
  const { status } = spawnSync(process.execPath, [program, dir], { stdio: 'ignore', timeout: WALK_TIMEOUT_MS });
  return status === 0;
}
