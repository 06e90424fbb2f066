/** Steps of `.ci/run`: each runs a command, shows what it prints, and counts what it tested. */
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

const total = { passed: 0, failed: 0, skipped: 0 };
/** Failures, which the end of the log repeats, because readers of a long log look there first. */
const failures = [];

/** A step that hangs ends with its processes and fails by its name; the longest takes half of this on 2 cores. */
const STEP_LIMIT_MS = 20 * 60_000;

/** Steps under way. Each leads a process group, so that everything it has started ends with it. */
const running = new Set();
const kill = (child) => {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (problem) {
    if (problem.code !== 'ESRCH') throw problem;
  }
};
process.on('exit', () => running.forEach(kill));

/** Runs a command and resolves with its status and output, which it shows: at once, or at the end if `quiet`. */
function run(command, args, { env = {}, quiet = false }) {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio, detached: true });
    let output = '';
    const show = (chunk) => {
      output += chunk;
      if (!quiet) process.stdout.write(chunk);
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', show);
    child.on('error', (error) => resolve({ status: 1, output: error.message }));
    if (child.pid === undefined) return;
    running.add(child);
    const limit = setTimeout(() => {
      show(`\nended after ${STEP_LIMIT_MS / 60_000} minutes\n`);
      kill(child);
    }, STEP_LIMIT_MS);
    child.on('close', (status) => {
      clearTimeout(limit);
      running.delete(child);
      if (quiet) process.stdout.write(output);
      resolve({ status: status ?? 1, output: stripVTControlCharacters(output) });
    });
  });
}

const sum = (output, pattern) => [...output.matchAll(pattern)].reduce((count, match) => count + Number(match[1]), 0);

/** What test runners said: Vitest's (`vitest: 3 passed, 0 failed, 1 skipped`) and ctest's (`0 tests failed out of 8`). */
function countTests(output) {
  const ctestFailed = sum(output, /(\d+) tests? failed out of \d+/g);
  const ctestAll = sum(output, /tests? failed out of (\d+)/g);
  return {
    passed: sum(output, /^vitest: (\d+) passed/gm) + ctestAll - ctestFailed,
    failed: sum(output, /^vitest: \d+ passed, (\d+) failed/gm) + ctestFailed,
    skipped: sum(output, /^vitest: \d+ passed, \d+ failed, (\d+) skipped$/gm),
  };
}

/** The part of Vitest's report that shows each failure with its error, or else the output's last lines. */
function failureReport(output) {
  const failing = output.split(/^.*(?=Failed (?:Suites|Tests) \d|Unhandled Errors)/m).slice(1);
  return failing.length > 0 ? failing.map((part) => part.slice(0, 6000)).join('\n') : output.slice(-2000);
}

/** Counts of a step: its tests, or the step itself when it has none. */
function countsOf({ status, output }, skippedStatus) {
  const counts = countTests(output);
  if (counts.passed + counts.failed === 0) {
    if (status === skippedStatus || (status === 0 && /^skipped\b/m.test(output))) return { ...counts, skipped: 1 };
    if (status === 0) return { ...counts, passed: 1 };
  }
  if (status !== 0 && counts.failed === 0) return { ...counts, failed: 1 };
  return counts;
}

/**
 * Runs a command as a step.
 * @param {object} options
 * @param {number} [options.skippedStatus] the exit status by which the command says that this machine can't do it
 * @param {boolean} [options.quiet] show the output at the end: for a step that runs beside another
 * @returns {Promise<boolean>} whether it succeeded
 */
export async function step(name, command, args, { skippedStatus, ...options } = {}) {
  if (!options.quiet) console.log(`\n=== ${name}`);
  const started_ms = performance.now();
  const ended = await run(command, args, options);
  const counts = countsOf(ended, skippedStatus);
  if (counts.failed > 0) failures.push(`--- failed in ${name}:\n${failureReport(ended.output)}`);
  for (const key of Object.keys(total)) total[key] += counts[key];
  const seconds = Math.round((performance.now() - started_ms) / 1000);
  console.log(
    `=== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  );
  return ended.status === 0;
}

/** Names every failure again, prints the sum as the last line, and ends the process. */
export function finish() {
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
}
