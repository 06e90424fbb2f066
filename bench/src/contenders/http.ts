/** Load on a service over HTTP. This process runs the clients, a child process the service. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TextFile } from '../data/data-set.ts';
import { readAnswers } from '../load/answers.ts';
import { Client } from '../load/client.ts';
import { closedLoop, expectOk } from '../load/closed-loop.ts';
import { openLoop } from '../load/open-loop.ts';
import { type GivenTexts, type OperationName, operationSource } from '../load/operations.ts';
import { processorSeconds } from '../load/processor-time.ts';
import { rawSocketLoop } from '../load/raw-socket-loop.ts';
import { type ServiceName, type ServiceOptions, startService } from '../load/services.ts';
import { readStages, searchOverhead, stageFigures } from '../load/stages.ts';
import { type Round, serveRounds } from '../trial/protocol.ts';
import { warmUp } from './timed-round.ts';

interface HttpSpec {
  readonly service: ServiceName;
  readonly operation: OperationName;
  /** Clients of a closed loop; absent for an open loop. */
  readonly connections?: number;
  /** Lean clients, and the service's processor time among the figures: see raw-socket-loop.ts. */
  readonly lean?: boolean;
  /** Lean clients keep a core busy: see raw-socket-loop.ts. */
  readonly clients_stay_awake?: boolean;
  /** Cosimo's event loops. */
  readonly http_threads?: number;
  /** Cosimo's settings ENCODER and PRECISION. */
  readonly encoder?: string;
  readonly precision?: string;
  /** How a plain Fastify makes Cosimo's answer. */
  readonly way?: 'constant' | 'stringify';
  /** File of texts for `batch-mixed` and `embed-mixed`. */
  readonly texts?: string;
  /** Texts per `batch-mixed` call. */
  readonly batch?: number;
  /** Texts per call, when the value is texts a second instead of answers. */
  readonly texts_per_call?: number;
  /** True: the value is the median latency, not answers a second. */
  readonly latency?: boolean;
  /** Calls a second of an open loop. */
  readonly rate_per_s?: number;
  /** Documents that calls index before the load. */
  readonly documents: number;
  /** The data folder to start with; an empty one unless given. */
  readonly store?: string;
  readonly seed: number;
  readonly round_s: number;
  readonly warm_up_s: number;
  readonly model_dir: string;
  readonly venv?: string;
  readonly threads: number;
}

const PREPARING_CONNECTIONS = 8;

await serveRounds<HttpSpec>(async (spec) => {
  const { operation, connections, rate_per_s, round_s, seed } = spec;
  const data = spec.store ?? mkdtempSync(join(tmpdir(), 'data-'));
  const { model_dir: modelDir, venv, threads } = spec;
  const { encoder, precision } = spec;
  const options = { data, modelDir, venv, threads, httpThreads: spec.http_threads ?? 1, encoder, precision };
  const answer = spec.way === undefined ? {} : { answer: { file: await answerFile(spec, options), way: spec.way } };
  const { origin, pid, stop } = await startService(spec.service, { ...options, ...answer });
  const source = operationSource(operation, seed, spec.documents, givenTexts(spec));
  let rounds = 0;

  async function load(): Promise<Round> {
    rounds += 1;
    if (rate_per_s !== undefined) {
      return openLoop(origin, source, { rate_per_s, duration_s: round_s, seed: seed + rounds });
    }
    if (!spec.lean) return closedLoop(origin, source, connections as number, round_s);
    const before_s = processorSeconds(pid);
    const result = await rawSocketLoop(
      origin,
      source,
      connections as number,
      round_s,
      spec.clients_stay_awake ?? false,
    );
    const server_cores = (processorSeconds(pid) - before_s) / round_s;
    return { ...result, extra: { ...result.extra, ...(server_cores > 0 && { server_cores }) } };
  }

  async function round(): Promise<Round> {
    const before = await readStages(origin);
    const result = await load();
    const after = await readStages(origin);
    const extra = { ...result.extra, ...(before && after && stageFigures(before, after)) };
    const value = spec.latency ? (extra['latency_p50_ms'] as number) : result.value * (spec.texts_per_call ?? 1);
    return { value, extra: { ...extra, ...searchOverhead(extra) } };
  }

  try {
    await prepare(origin, [...source.preparation]);
    await warmUp(spec.warm_up_s, load);
  } catch (error) {
    await stop();
    throw error;
  }
  return { round, answers: () => readAnswers(origin, operation, seed), close: stop };
});

function givenTexts({ texts, batch = 1 }: HttpSpec): GivenTexts | undefined {
  if (texts === undefined) return undefined;
  return { texts: (JSON.parse(readFileSync(texts, 'utf8')) as TextFile).texts, batch };
}

/** Writes Cosimo's answer to the operation's call into a file. The texts are in the cache when it asks. */
async function answerFile({ operation, seed, documents }: HttpSpec, options: ServiceOptions): Promise<string> {
  const { origin, stop } = await startService('cosimo', options);
  try {
    const { preparation, next } = operationSource(operation, seed, documents);
    await prepare(origin, [...preparation]);
    const { method, path, body = '' } = next().call;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${origin}${path}`, { method, body, headers });
    const file = join(mkdtempSync(join(tmpdir(), 'answer-')), 'answer.json');
    writeFileSync(file, await answer.text());
    return file;
  } finally {
    await stop();
  }
}

async function prepare(origin: string, calls: Parameters<Client['call']>[0][]): Promise<void> {
  const client = new Client(origin, PREPARING_CONNECTIONS);
  const one = async () => {
    for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
      expectOk(await client.call(call), call.path);
    }
  };
  await Promise.all(Array.from({ length: PREPARING_CONNECTIONS }, one));
  await client.close();
}
