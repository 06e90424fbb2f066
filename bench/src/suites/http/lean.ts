/** Cached answers to lean clients (raw-socket-loop.ts): Cosimo beside a plain Fastify, and two event loops beside one. */
import type { OperationName } from '../../load/operations.ts';
import type { Contender, SuiteOptions, Trial } from '../../trial/trial.ts';
import { NAMES, specOf } from './operations.ts';

const LEAN_CONNECTIONS = 32;
const LEAN_BATCH_CONNECTIONS = 2;

/** Trials of `embed-one` and `batch-cached`. */
export function leanTrials(options: SuiteOptions): Trial[] {
  const cores = Math.max(...options.threads);
  const trial = (operation: OperationName, connections: number, what: string, others: LeanContender[]): Trial => {
    const eventLoops = Math.max(...others.map(({ http_threads = 1 }) => http_threads));
    const load = {
      connections,
      lean: true,
      clients_stay_awake: cores > eventLoops,
      round_s: options.quick ? 0.2 : 2,
      warm_up_s: options.quick ? 0 : 4,
    };
    const spec = { ...specOf(operation, options), ...load };
    return {
      id: `${NAMES[operation]}, ${what}: clients=${connections}`,
      group: 'Closed loop over sockets, by clients that do next to nothing',
      parameters: { loop: 'lean', operation, clients: connections },
      unit: 'answers/s',
      better: 'higher',
      data: [],
      contenders: others.map(({ name, role, ...given }) => ({
        name,
        role,
        program: { kind: 'node', file: 'http.ts', spec: { ...spec, service: 'cosimo', ...given } },
      })),
    };
  };
  const cosimo: LeanContender = { name: 'Cosimo', role: 'subject' };
  const plain = (name: string, way: string): LeanContender => ({ name, role: 'reference', service: 'plain', way });
  const constant = plain('Fastify, the same bytes from a buffer', 'constant');
  const clients = options.quick ? 2 : LEAN_CONNECTIONS;
  return [
    trial('embed-one', clients, 'one event loop', [cosimo, constant]),
    trial('batch-cached', LEAN_BATCH_CONNECTIONS, 'one event loop', [
      cosimo,
      plain('Fastify, JSON.stringify', 'stringify'),
      constant,
    ]),
    trial('embed-one', clients, `two event loops, ${Math.max(0, cores - 2)} cores left for the clients`, [
      { name: 'Cosimo, 2 event loops', role: 'subject', http_threads: 2 },
      { name: 'Cosimo, 1 event loop', role: 'reference', http_threads: 1 },
    ]),
  ];
}

interface LeanContender {
  readonly name: string;
  readonly role: Contender['role'];
  readonly service?: string;
  readonly way?: string;
  readonly http_threads?: number;
}
