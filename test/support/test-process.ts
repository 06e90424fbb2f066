/**
 * Runs each test file in a process, as Vitest's `forks` does, but lets the process end by itself. Vitest kills a process when its
 * tests are done, which would hide an addon that crashes at exit and anything that keeps a process alive.
 */
import { ForksPoolWorker, type PoolOptions, type PoolRunnerInitializer, type WorkerRequest } from 'vitest/node';

const NAME = 'processes';
const END_TIMEOUT_MS = 60_000;

class TestProcess extends ForksPoolWorker {
  override readonly name = NAME;
  readonly #options: PoolOptions;
  readonly #end = Promise.withResolvers<string>();
  #files = '';

  constructor(options: PoolOptions) {
    super(options);
    this.#options = options;
  }

  override async start(): Promise<void> {
    await super.start();
    this.on('exit', (status: number | null, signal: string | null) => this.#end.resolve(String(signal ?? status)));
  }

  override send(message: WorkerRequest): void {
    if ('context' in message && 'files' in message.context) {
      this.#files = message.context.files.map(({ filepath }) => filepath).join(', ');
    }
    super.send(message);
  }

  /** Called when all tests have answered; the process has stopped listening and has nothing left to do. */
  override async stop(): Promise<void> {
    const timer = setTimeout(() => this.#end.resolve(''), END_TIMEOUT_MS);
    const end = await this.#end.promise;
    clearTimeout(timer);
    if (end === '0') return super.stop();
    const how = end === '' ? `still runs ${END_TIMEOUT_MS / 1000} s after them` : `ended with ${end}`;
    const { vitest } = this.#options.project;
    const error = new Error(`The tests are done, but their process ${how}: ${this.#files}`);
    vitest.state.catchError(error, 'Unhandled Error');
    vitest.logger.error(error.message);
    process.exitCode = 1;
    if (end === '') await super.stop();
  }
}

export const testProcesses: PoolRunnerInitializer = {
  name: NAME,
  createPoolWorker: (options) => new TestProcess(options),
};
