/**
 * `npm run bench`: Cosimo beside a plain FastAPI + sentence-transformers service, on this machine, by turns.
 * One trial for now: POST /embed with one uncached text of twelve words, in a closed loop.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Load, loadEmbed } from './load.ts';
import { describeMachine } from './machine.ts';
import { ensureVenv, type RunningService, startCosimo, startFastApi } from './services.ts';

const HELP = `Usage: npm run bench -- [--quick] [--connections N] [--seed N] [--venv FOLDER]

POST /embed with one uncached 12-word text, Cosimo and FastAPI + sentence-transformers by turns.
  --quick          one round of 3 seconds instead of 5 of 10: a smoke test, no measurement
  --connections N  clients in the closed loop (default 16)
  --seed N         of the texts (default 1)
  --venv FOLDER    the peer's virtual environment (default bench/peers/.venv, made when missing)
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    connections: { type: 'string', default: '16' },
    seed: { type: 'string', default: '1' },
    venv: { type: 'string', default: fileURLToPath(new URL('peers/.venv', import.meta.url)) },
  },
});

const ROUNDS = values.quick ? 1 : 5;
const ROUND_S = values.quick ? 3 : 10;
const WARM_UP_S = values.quick ? 1 : 5;

async function main(): Promise<void> {
  const venv = join(values.venv);
  ensureVenv(venv);
  const seed = Number(values.seed);
  const connections = Number(values.connections);
  console.log(
    `${describeMachine()}\ntrial     POST /embed, one uncached text of 12 words, ${connections} clients, seed ${seed}\n`,
  );
  // Both stay up all the time, and the one that isn't asked sleeps: memory and clock are alike for both.
  const services: [name: string, service: RunningService][] = [];
  try {
    services.push(['cosimo', await startCosimo()], ['fastapi', await startFastApi(venv)]);
    for (const [, { origin }] of services) await loadEmbed(origin, seed, connections, WARM_UP_S);
    const runs: Record<string, Load[]> = { cosimo: [], fastapi: [] };
    const delays_ms: number[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const [name, { origin }] of services) {
        if (name === 'cosimo') await eventLoopDelayP99(origin); // reading it begins a new interval
        const load = await loadEmbed(origin, seed + round, connections, ROUND_S);
        if (name === 'cosimo') delays_ms.push(await eventLoopDelayP99(origin));
        runs[name]?.push(load);
        console.log(`round ${round}  ${name.padEnd(8)} ${describe(load)}`);
        if (load.failures > 0) throw new Error(`${load.failures} requests failed`);
      }
    }
    report(runs['cosimo'] ?? [], runs['fastapi'] ?? [], delays_ms);
  } finally {
    await Promise.all(services.map(([, { stop }]) => stop()));
  }
}

const perSecond = (loads: readonly Load[]) => loads.map(({ requests_per_s }) => requests_per_s);

function report(cosimo: readonly Load[], fastapi: readonly Load[], delays_ms: readonly number[]): void {
  const ratios = perSecond(cosimo).map((rate, round) => rate / (perSecond(fastapi)[round] as number));
  console.log(`\ncosimo    ${spread(perSecond(cosimo))} requests/s`);
  console.log(`fastapi   ${spread(perSecond(fastapi))} requests/s`);
  console.log(`ratio     ${spread(ratios)}`);
  console.log(
    `event loop delay of cosimo, 99th percentile, the sampler's own tick of 10 ms included: ${spread(delays_ms)} ms`,
  );
}

function describe({ requests_per_s, latency_p50_ms, latency_p99_ms }: Load): string {
  return `${requests_per_s.toFixed(1).padStart(7)} requests/s  p50 ${latency_p50_ms} ms  p99 ${latency_p99_ms} ms`;
}

/** Median, and from the lowest to the highest. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] as number;
  return `${median.toFixed(2)} (${sorted[0]?.toFixed(2)} to ${sorted.at(-1)?.toFixed(2)})`;
}

/** In ms, as perf_hooks has it since it was last asked. */
async function eventLoopDelayP99(origin: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]) * 1000;
}

if (values.help) console.log(HELP);
else {
  main().catch((error: Error) => {
    console.error(`bench: ${error.message}`);
    process.exit(1);
  });
}
