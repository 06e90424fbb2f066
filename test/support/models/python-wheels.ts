/** Wheels that a test makes, and a stand-in for pip that does what a test asks for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-wheels-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
/** Makes an empty folder that is removed when the test file ends. */
export const temporaryFolder = () => mkdtempSync(join(scratch, 'folder-'));

/** Makes a zip without compression: a wheel is a zip. */
export function zip(files: Readonly<Record<string, Buffer>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, body] of Object.entries(files)) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(body), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(body.length, 18);
    common.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(46);
    entry.write('PK\x01\x02\x14\x00', 'latin1');
    common.copy(entry, 6);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, Buffer.from(name));
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), body]);
    bodies.push(local);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, list, end]);
}

/** Makes a PATH with `python3` (or another name) that runs `lines`; FOLDER stands for the folder that pip puts the wheel into. */
export function pathWith(scripts: Readonly<Record<string, string>>): string {
  const bin = temporaryFolder();
  for (const [name, lines] of Object.entries(scripts)) {
    const script = `#!/bin/sh\necho "$@" >> ${bin}/calls\nwhile [ "$1" != --dest ]; do shift; done\nFOLDER=$2\n${lines}\n`;
    writeFileSync(join(bin, name), script, { mode: 0o755 });
  }
  return bin;
}

export function pathWithWheel(files: Readonly<Record<string, Buffer>>): string {
  const wheel = join(temporaryFolder(), 'x.whl');
  writeFileSync(wheel, zip(files));
  return pathWith({ python3: `/bin/cp ${wheel} "$FOLDER"` });
}
