import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { testProcesses } from './test/support/test-process.ts';

/** Tests that hang fail; none of those that pass takes this long on a busy machine. */
const TIMEOUT_MS = 300_000;

// biome-ignore lint/style/noDefaultExport: Vitest asks for one
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A file has a process of its own: the addon, LMDB, signals and exit codes belong to processes.
    pool: testProcesses,
    isolate: true,
    maxWorkers: availableParallelism(), // Vitest would leave one CPU idle
    // Node strips the types and loads the modules itself, as it does when it serves.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
  },
});
