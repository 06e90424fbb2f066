/** A disk that fails on demand, for a process of its own: a library that is loaded before libc. Linux only. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** While the file exists, writing and flushing files fails with the error number in it. Sockets and pipes are left alone; they use `write` too. */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
static int fault(void) {
  FILE *file = fopen(getenv("DISK_FAULT"), "r");
  int number = 0;
  if (file == NULL) return 0;
  if (fscanf(file, "%d", &number) != 1) number = 0;
  fclose(file);
  return number;
}
#define FAIL if ((errno = fault()) != 0) return -1;
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
static int is_file(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}
ssize_t write(int fd, const void *bytes, size_t size) { if (is_file(fd)) FAIL return REAL(write)(fd, bytes, size); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { FAIL return REAL(pwrite)(fd, bytes, size, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { FAIL return REAL(pwrite64)(fd, bytes, size, at); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { FAIL return REAL(pwritev)(fd, parts, count, at); }
int fdatasync(int fd) { FAIL return REAL(fdatasync)(fd); }
int fsync(int fd) { FAIL return REAL(fsync)(fd); }
`;

export interface FailingDisk {
  /** For the process. */
  readonly environment: Readonly<Record<string, string>>;
  /** From now on the disk fails like this; without an error it works again. */
  fail(error?: 'ENOSPC' | 'EIO'): void;
}

/** @param scratch a folder for its files */
export function failingDisk(scratch: string): FailingDisk {
  const library = join(scratch, 'failing-disk.so');
  const fault = join(scratch, 'disk-fault');
  writeFileSync(join(scratch, 'failing-disk.c'), SOURCE);
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(scratch, 'failing-disk.c'), '-ldl']);
  return {
    environment: { LD_PRELOAD: library, DISK_FAULT: fault },
    fail(error) {
      if (error === undefined) rmSync(fault, { force: true });
      else writeFileSync(fault, String(constants.errno[error]));
    },
  };
}
