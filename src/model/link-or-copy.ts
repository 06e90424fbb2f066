import { constants, copyFile, link } from 'node:fs/promises';

/** A second name for a file where the file system can give one, else a copy. `from` is no symbolic link. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}
