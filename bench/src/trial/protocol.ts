/**
 * The lines between the runner and a contender, which is a process of its own in any language.
 *
 * A contender takes its data, warms up, and writes `{"ready": {"versions": {…}}}`. Then, a line each:
 *   `round`    → it works for about a round's time and writes `{"round": {"value": 12.5, "extra": {…}}}`
 *   `answers`  → it writes what it found for comparison, `{"answers": …}`: `HitAnswers`, `VectorAnswers` or null
 *   the end of its input → it ends.
 * Instead of any of these it may write `{"missing": "why"}` (it can't run here) or `{"error": "what went wrong"}`, and end.
 * Between two lines it uses no processor. It writes everything else to its standard error.
 */
import { createInterface } from 'node:readline';

export interface Ready {
  readonly versions?: Readonly<Record<string, string>>;
}

export interface Round {
  /** The figure, in the trial's unit. */
  readonly value: number;
  /** Further figures, the unit last in each name. */
  readonly extra?: Readonly<Record<string, number>>;
}

/** Rows and scores that the first queries found, best first. */
export interface HitAnswers {
  readonly ids: readonly (readonly number[])[];
  readonly scores: readonly (readonly number[])[];
}

/** Vectors of the first texts. */
export interface VectorAnswers {
  readonly vectors: readonly (readonly number[])[];
}

export type Answers = HitAnswers | VectorAnswers | null;

export type Reply =
  | { readonly ready: Ready }
  | { readonly round: Round }
  | { readonly answers: Answers }
  | { readonly missing: string }
  | { readonly error: string };

/** A contender in this process, once it is set up and warm. */
export interface Work {
  readonly versions?: Readonly<Record<string, string>>;
  readonly round: () => Promise<Round> | Round;
  readonly answers?: () => Promise<Answers> | Answers;
  readonly close?: () => Promise<void> | void;
}

/** The contender can't run on this machine; the message says why in a sentence. */
export class Missing extends Error {}

/** Runs a contender in this process: its spec is the process's argument. */
export async function serveRounds<Spec>(setUp: (spec: Spec) => Promise<Work> | Work): Promise<void> {
  globalThis.console = new console.Console(process.stderr, process.stderr); // libraries print; standard output is for replies
  const write = (reply: Reply) => void process.stdout.write(`${JSON.stringify(reply)}\n`);
  let work: Work | undefined;
  try {
    work = await setUp(JSON.parse(process.argv[2] ?? '{}') as Spec);
    write({ ready: work.versions === undefined ? {} : { versions: work.versions } });
    for await (const line of createInterface({ input: process.stdin })) {
      if (line === 'round') write({ round: await work.round() });
      else if (line === 'answers') write({ answers: (await work.answers?.()) ?? null });
      else throw new Error(`unknown line: ${line}`);
    }
  } catch (error) {
    if (error instanceof Missing) return write({ missing: error.message });
    write({ error: (error as Error).message });
    process.exitCode = 1;
  } finally {
    await work?.close?.();
  }
}
