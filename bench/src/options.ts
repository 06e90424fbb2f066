/** The command line of `npm run bench`. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { SUITES } from './suites/suites.ts';

export interface BenchOptions {
  /** Names of suites; `all` is resolved. */
  readonly suites: readonly string[];
  readonly quick: boolean;
  readonly peers: boolean;
  readonly plot: boolean;
  /** Folder of `plot`; the machine's own in bench/results unless given. */
  readonly out?: string;
  readonly json?: string;
  readonly baseline?: string;
  /** How far a ratio may fall, as a part of the stored one. */
  readonly tolerance: number;
  /** Runs trials whose id contains one of these. */
  readonly only?: readonly string[];
  readonly rounds?: number;
  readonly seed: number;
}

const ALL = 'all';

/** @returns the exit status when the command line asked for help or was wrong; the message has been printed */
export function parseCommandLine(args: readonly string[]): BenchOptions | { readonly status: number } {
  const command = new Command('npm run bench --')
    .description('Measures Cosimo, beside its peers if asked, by turns in one run.')
    .addArgument(new Argument('<suite...>', 'what to measure').choices([...SUITES.map(({ name }) => name), ALL]))
    .option('--quick', 'small sizes, short rounds: shows that everything runs, measures nothing', false)
    .option('--peers', 'measure the peers too; installs them first (Python 3.11, several GB, once)', false)
    .option('--plot', 'write report, charts (SVG, PNG) and figures (JSON) of each suite into --out', false)
    .option('--out <folder>', 'folder of --plot (default: the one of this machine in bench/results)')
    .option('--json <file>', 'write all figures there')
    .option('--baseline <file>', 'compare ratios with a stored run; exit with 1 when one has fallen')
    .addOption(
      new Option('--tolerance <part>', 'how far a ratio may be below that of --baseline')
        .default(0.2)
        .argParser(numberWithin(0, 1)),
    )
    .option('--only <text>', 'only trials whose name holds this text; may be given more than once', collect)
    .addOption(new Option('--rounds <count>', 'rounds of each trial (5; 1 with --quick)').argParser(countFrom(1)))
    .addOption(new Option('--seed <number>', 'of all generated data').default(1).argParser(countFrom(0)))
    .addHelpText('after', ['', 'Suites:', ...SUITES.map(suiteLine), `  ${ALL.padEnd(9)} each of them`].join('\n'))
    .allowExcessArguments(false)
    .exitOverride();
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    return { status: (error as { exitCode?: number }).exitCode ?? 1 };
  }
  const chosen = command.args.includes(ALL) ? SUITES.map(({ name }) => name) : [...new Set(command.args)];
  return { suites: chosen, ...command.opts<Omit<BenchOptions, 'suites'>>() };
}

const suiteLine = ({ name, summary }: { name: string; summary: string }) => `  ${name.padEnd(9)} ${summary}`;

const collect = (text: string, before: readonly string[] = []) => [...before, text];

function numberWithin(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`It must be a number from ${lowest} to ${highest}.`);
  };
}

function countFrom(lowest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= lowest && value <= 0x7fffffff) return value;
    throw new InvalidArgumentError(`It must be a whole number, ${lowest} or more.`);
  };
}
