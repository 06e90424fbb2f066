/** Finds the programs of contenders and the commands that run them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './contender-process.ts';
import { Missing } from './protocol.ts';
import type { Program, Spec } from './trial.ts';

const BENCH = fileURLToPath(new URL('../..', import.meta.url));

/** A folder, or a sentence that says why it is missing. */
export type PathOrMissing = { readonly path: string } | { readonly missing: string };

export interface ProgramPaths {
  /** Path of `cosimo_bench`. */
  readonly native: string;
  readonly modelDir: string;
  /** Folder of the peers' virtual environment. */
  readonly venv: PathOrMissing;
  /** The folder of the community's ONNX exports; they may be missing. */
  readonly onnxDir: string;
  /** Path of the peers' node_modules. */
  readonly nodePeers: PathOrMissing;
}

export class Programs {
  readonly #paths: ProgramPaths;

  constructor(paths: ProgramPaths) {
    this.#paths = paths;
  }

  /** @throws Missing when what the program needs isn't installed */
  commandOf(program: Program): Command {
    switch (program.kind) {
      case 'node':
        if (program.needs === 'venv') pathOf(this.#paths.venv);
        return this.#node(join('src', 'contenders', program.file), program.spec, program.environment);
      case 'node-peer':
        pathOf(this.#paths.nodePeers);
        return this.#node(join('peers', program.file), program.spec);
      case 'python':
        return {
          file: join(pathOf(this.#paths.venv), 'bin', 'python'),
          args: [join(BENCH, 'peers', program.file), this.#argument(program.spec)],
          environment: threadsOf(program.spec),
        };
      case 'native':
        return { file: this.#paths.native, args: program.args };
      case 'missing':
        throw new Missing(program.reason);
    }
  }

  #node(file: string, spec: Spec, environment: Command['environment'] = {}): Command {
    return {
      file: process.execPath,
      args: [join(BENCH, file), this.#argument(spec)],
      environment: { ...threadsOf(spec), ...environment },
    };
  }

  #argument(spec: Spec): string {
    const { modelDir, venv, onnxDir } = this.#paths;
    const python = 'path' in venv ? { venv: venv.path } : {};
    return JSON.stringify({ model_dir: modelDir, onnx_dir: onnxDir, ...python, ...spec });
  }
}

/** Hugging Face's tokenizers have a thread pool of their own, in every language. */
function threadsOf({ threads }: Spec): Record<string, string> {
  return typeof threads === 'number' ? { RAYON_NUM_THREADS: String(threads) } : {};
}

function pathOf(found: PathOrMissing): string {
  if ('missing' in found) throw new Missing(found.missing);
  return found.path;
}
