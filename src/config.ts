/** Environment → one frozen, typed `Config`. Checked once at start: a bad value stops the start with a sentence naming it. */
import { availableParallelism } from 'node:os';
import { envSchema } from 'env-schema';
import { type Static, Type } from 'typebox';
import { CosimoError } from './errors.ts';

const MIB = 1024 * 1024;
/** With the main thread as many as the cache has words for, see native/core/base/thread_number.h. */
const HTTP_THREADS_MAX = 63;

const bytes = (description: string, fallback: number, minimum = 1) =>
  Type.Integer({
    description: `${description}, in bytes`,
    default: fallback,
    minimum,
    maximum: Number.MAX_SAFE_INTEGER,
  });
const count = (description: string, fallback: number, minimum: number, maximum: number) =>
  Type.Integer({ description, default: fallback, minimum, maximum });

const SettingsSchema = Type.Object({
  HOST: Type.String({ description: 'Address to listen on', default: '127.0.0.1', minLength: 1 }),
  HTTP_THREADS: Type.String({
    description: 'Event loops that listen on the port, each a thread: a number up to 63, or auto for the cores',
    default: '1',
    pattern: '^(auto|[1-9]|[1-5][0-9]|6[0-3])$',
  }),
  PORT: count('Port to listen on; 0 takes a free one', 8000, 0, 65_535),
  MODEL: Type.String({
    description: 'Model on the Hugging Face hub: org/name or org/name@revision',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
    pattern: '^[\\w.-]+/[\\w.-]+(@[\\w.-]+)?$',
  }),
  MODEL_DIR: Type.Optional(Type.String({ description: 'Folder with a sentence-transformers model, used as it is' })),
  DEVICE: Type.Enum(['auto', 'cpu', 'cuda'], { description: 'Where the model runs', default: 'auto' }),
  CUDA_DEVICE: count('Number of the CUDA device', 0, 0, 1023),
  ENCODER: Type.Enum(['auto', 'native', 'onnx'], {
    description: "What encodes: Cosimo's own encoder for the CPU, ONNX Runtime, or whichever suits device and model",
    default: 'auto',
  }),
  PRECISION: Type.Enum(['auto', 'fp32', 'fp16', 'bf16', 'int8'], {
    description:
      'Arithmetic of the encoder; auto is fp16 on CUDA and fp32 on the CPU; fp16 is ONNX Runtime, bf16 and int8 the native encoder',
    default: 'auto',
  }),
  ENCODER_WORKERS: count(
    'Inferences that run side by side (0: chosen at start, by measuring; 2 share the threads of the native encoder)',
    0,
    0,
    256,
  ),
  ENCODER_THREADS: count(
    'Threads of one inference (0: chosen at start, by measuring; all cores for the native encoder)',
    0,
    0,
    1024,
  ),
  BATCH_TOKENS: count(
    'Tokens, padding included where there is any, that one inference takes at most (0: 1024 on the CPU, 16384 on CUDA)',
    0,
    0,
    1 << 20,
  ),
  QUEUE_TOKENS: count('Tokens of texts that may wait to be encoded; more are answered 429', 262_144, 1, 1 << 30),
  QUEUE_BYTES: bytes('Text that may wait to be encoded; more is answered 429', 256 * MIB),
  SEARCH_THREADS: count('Threads of the search pool', availableParallelism(), 1, 1024),
  SEARCH_CODES: Type.Enum(['auto', 'planes', 'bytes'], {
    description: 'How a search reads the codes of rows: the upper plane first, whole bytes, or whichever is faster',
    default: 'auto',
  }),
  DATA_DIR: Type.String({
    description: 'Folder of the document store; :memory: keeps nothing',
    default: './data',
    minLength: 1,
  }),
  CACHE_BYTES: bytes('Embedding cache, everything counted', 256 * MIB, 0),
  CACHE_TTL_MS: count('Time after which a cached embedding is made anew; 0 for never', 0, 0, Number.MAX_SAFE_INTEGER),
  ANSWER_BYTES: bytes('Search answers being made or not read yet; more is answered 429', 512 * MIB),
  MAX_BATCH_SIZE: count('Texts in one request', 100, 1, 100_000),
  MAX_DOCUMENTS: count(
    'Documents of the index; a new one past them is answered 507; 0 for no limit',
    0,
    0,
    Number.MAX_SAFE_INTEGER,
  ),
  MAX_INDEX_BYTES: bytes(
    'Native memory of the index (0: three quarters of what this process may use); a write past it is answered 507',
    0,
    0,
  ),
  MAX_TOP_K: count('Hits of one search', 10_000, 1, 1_000_000),
  MAX_BODY_BYTES: bytes('Request body', 32 * MIB),
  MAX_TEXT_BYTES: bytes('One text, as UTF-8', 8 * MIB),
  MAX_METADATA_BYTES: bytes("One document's metadata, as JSON", MIB),
  API_KEY: Type.Optional(
    Type.String({ description: 'Bearer token that every call but /health* and the documentation must carry' }),
  ),
  RATE_LIMIT: count('Requests a minute from one address; 0 for no limit', 0, 0, 1_000_000_000),
  REQUEST_TIMEOUT_MS: count('Longest time one request may take; then 503', 60_000, 1, 86_400_000),
  MAX_EVENT_LOOP_DELAY_MS: count('Mean event loop delay above which work is answered 503', 1000, 10, 600_000),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    description: 'Log level',
    default: 'info',
  }),
});

type Settings = Static<typeof SettingsSchema>;

/** Names are those of the environment variables; units are the last word of a name. */
export type Config = Readonly<Settings>;

type SettingSchema = { description: string; default?: unknown; type?: string; enum?: readonly unknown[] };
const PROPERTIES = Object.entries(SettingsSchema.properties) as unknown as [keyof Settings, SettingSchema][];

/**
 * @param environment usually `process.env`; an empty value counts as absent
 * @throws CosimoError `invalid_setting`, one sentence for each bad value
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  const data: Record<string, string> = {};
  for (const [name] of PROPERTIES) {
    const value = environment[name];
    if (value !== undefined && value !== '') data[name] = value;
  }
  try {
    const config = envSchema<Settings>({ schema: SettingsSchema, data, env: false, dotenv: false });
    checkTogether(config);
    return Object.freeze(config);
  } catch (error) {
    const faults = (error as { errors?: { instancePath: string; message?: string }[] }).errors;
    if (faults === undefined) throw error;
    const sentences = faults.map((fault) => sentence(fault.instancePath.slice(1), fault.message ?? 'is wrong', data));
    throw new CosimoError('invalid_setting', sentences.join('\n'), { cause: error });
  }
}

/** A request within the limits must fit into an empty queue, or it would be refused for ever; one of many tokens does. */
function checkTogether({ QUEUE_BYTES, MAX_BODY_BYTES }: Settings): void {
  if (QUEUE_BYTES < MAX_BODY_BYTES) {
    throw new CosimoError(
      'invalid_setting',
      `QUEUE_BYTES=${QUEUE_BYTES} is less than MAX_BODY_BYTES=${MAX_BODY_BYTES}.`,
    );
  }
}

function sentence(name: string, fault: string, data: Record<string, string>): string {
  const schema = PROPERTIES.find(([known]) => known === name)?.[1];
  const choices = schema?.enum ? ` (${schema.enum.join(', ')})` : '';
  const shown = name === 'API_KEY' ? '' : `=${data[name] ?? ''}`;
  return `${name}${shown}: ${fault}${choices}. ${schema?.description ?? ''}.`;
}

/** HTTP_THREADS as a number. */
export function httpThreads({ HTTP_THREADS }: Config): number {
  return HTTP_THREADS === 'auto' ? Math.min(availableParallelism(), HTTP_THREADS_MAX) : Number(HTTP_THREADS);
}

/** The text of `--help` of a command: every setting with its default and meaning. */
export function settingsHelp(command = 'npm start'): string {
  const rows = PROPERTIES.map(([name, schema]) => {
    const kind = schema.enum ? schema.enum.join(' | ') : '';
    const detail = [kind, schema.default === undefined ? 'not set' : `default ${schema.default}`].filter(Boolean);
    return `  ${name.padEnd(24)} ${schema.description} (${detail.join('; ')})`;
  });
  return [`Usage: ${command}`, '', 'Settings are environment variables:', ...rows, ''].join('\n');
}
