/** Load on a service over HTTP: this process is the clients, the service is a child of it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAnswers } from '../load/answers.ts';
import { Client } from '../load/client.ts';
import { closedLoop, expectOk } from '../load/closed-loop.ts';
import { openLoop } from '../load/open-loop.ts';
import { type OperationName, operationSource } from '../load/operations.ts';
import { type ServiceName, startService } from '../load/services.ts';
import { meanStages, overScan, readStages } from '../load/stages.ts';
import { type Round, serveRounds } from '../protocol.ts';
import { warmUp } from './timed-round.ts';

interface HttpSpec {
  readonly service: ServiceName;
  readonly operation: OperationName;
  /** Clients of a closed loop; none for an open one. */
  readonly connections?: number;
  /** Arrivals of an open loop. */
  readonly rate_per_s?: number;
  /** Indexed by calls before the load. */
  readonly documents: number;
  /** A data folder to start on; none for an empty one. */
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
  const { origin, stop } = await startService(spec.service, { data, modelDir, venv, threads });
  const source = operationSource(operation, seed, spec.documents);
  let rounds = 0;

  async function load(): Promise<Round> {
    rounds += 1;
    if (rate_per_s !== undefined) {
      return openLoop(origin, source, { rate_per_s, duration_s: round_s, seed: seed + rounds });
    }
    return closedLoop(origin, source, connections as number, round_s);
  }

  async function round(): Promise<Round> {
    const before = await readStages(origin);
    const result = await load();
    const after = await readStages(origin);
    const extra = { ...result.extra, ...(before && after && meanStages(before, after)) };
    return { ...result, extra: { ...extra, ...overScan(extra) } };
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
