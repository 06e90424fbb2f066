/** A contender as a process of its own, driven by the lines of protocol.ts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { DATA_DIR } from '../data/data-files.ts';
import { type Answers, Missing, type Ready, type Reply, type Round } from './protocol.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Variables added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

const END_TIMEOUT_MS = 15_000;
/** Longer than any set-up or round takes: a contender that hangs may not hold up the others. */
const SILENCE_MS = 15 * 60_000;
const COMPLAINT_LINES = 3;

export class ContenderProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #ended: Promise<string>;
  /** The TMPDIR of the contender, on the disk that holds the data. It is removed when the contender has ended, in any way. */
  readonly #scratch: string;
  #complaints = '';

  private constructor({ file, args, environment }: Command, signal: AbortSignal) {
    mkdirSync(DATA_DIR, { recursive: true });
    // Named by this process's id: sweepLeftovers removes folders of processes that have ended.
    this.#scratch = mkdtempSync(join(DATA_DIR, `scratch-${process.pid}-`));
    const env = { ...process.env, ...environment, TMPDIR: this.#scratch };
    // A process group of its own: one signal ends it with its children, and Ctrl-C reaches this process first.
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env });
    this.#child.stderr?.on('data', (chunk) => (this.#complaints = (this.#complaints + chunk).slice(-4000)));
    this.#child.stdin?.on('error', () => {}); // the contender has ended: its exit says so
    this.#reader = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      this.#child.once('close', (status, by) => resolve(`ended with ${by ?? status}${this.#lastWords()}`));
    });
    const kill = () => this.#kill();
    signal.addEventListener('abort', kill, { once: true });
    process.once('exit', kill);
    void this.#ended.then(() => {
      signal.removeEventListener('abort', kill);
      process.off('exit', kill);
      this.#kill(); // ends the child processes of a contender that crashed
      rmSync(this.#scratch, { recursive: true, force: true, maxRetries: 3 });
    });
    if (signal.aborted) kill();
  }

  /** Starts it and waits until it is warm, which it has to be within `silence_ms`. @throws Missing, Error */
  static async start(
    command: Command,
    signal: AbortSignal,
    silence_ms = SILENCE_MS,
  ): Promise<{ contender: ContenderProcess; ready: Ready }> {
    const contender = new ContenderProcess(command, signal);
    try {
      const reply = await contender.#next(silence_ms);
      if (!('ready' in reply)) throw new Error(`said ${JSON.stringify(reply)} instead of being ready`);
      return { contender, ready: reply.ready };
    } catch (error) {
      await contender.stop();
      throw error;
    }
  }

  async round(): Promise<Round> {
    const reply = await this.#ask('round');
    if (!('round' in reply)) throw new Error(`answered ${JSON.stringify(reply).slice(0, 200)} to a round`);
    if (!Number.isFinite(reply.round.value) || reply.round.value <= 0) {
      throw new Error(`measured ${reply.round.value}, which is no measurement`);
    }
    return reply.round;
  }

  async answers(): Promise<Answers> {
    const reply = await this.#ask('answers');
    if (!('answers' in reply))
      throw new Error(`answered ${JSON.stringify(reply).slice(0, 200)} when asked what it found`);
    return reply.answers;
  }

  /** Ends it, gently first. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const ended = await Promise.race([this.#ended, sleep(END_TIMEOUT_MS, undefined, { ref: false })]);
    if (ended === undefined) this.#kill();
    await this.#ended;
    this.#reader.close();
  }

  async #ask(line: string): Promise<Reply> {
    this.#child.stdin?.write(`${line}\n`);
    return this.#next();
  }

  /** @throws Missing; Error when the contender reported one, ended, or wrote no JSON */
  async #next(silence_ms = SILENCE_MS): Promise<Reply> {
    const silence = new AbortController();
    const line = await Promise.race([
      this.#lines.next(),
      sleep(silence_ms, undefined, { ref: false, signal: silence.signal }).catch(() => undefined),
    ]);
    silence.abort();
    if (line === undefined) {
      this.#kill();
      throw new Error(`said nothing for ${silence_ms / 60_000} minutes`);
    }
    const { value, done } = line;
    if (done) throw new Error(await this.#ended);
    let reply: Reply;
    try {
      reply = JSON.parse(value) as Reply;
    } catch {
      throw new Error(`wrote a line that is no JSON: ${value.slice(0, 200)}`);
    }
    if ('missing' in reply) throw new Missing(reply.missing);
    if ('error' in reply) throw new Error(reply.error);
    return reply;
  }

  #lastWords(): string {
    const lines = this.#complaints.trim().split('\n').slice(-COMPLAINT_LINES).join(' / ');
    return lines === '' ? '' : `: ${lines}`;
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  }
}
