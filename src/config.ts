/**
 * The settings: environment variables, checked once at start, as one frozen `Config`. A bad value stops the start with a
 * sentence that names it.
 */
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { envSchema } from 'env-schema';
import { type Static, Type } from 'typebox';
import { CosimoError } from './errors.ts';

const MIB = 1024 * 1024;
/** 63 HTTP threads and the main thread: the cache's look-ups are lock-free for 64 threads (native/core/base/thread_number.h). */
const HTTP_THREADS_MAX = 63;

const bytes = (description: string, fallback: number, minimum = 1) =>
  Type.Integer({
    description,
    default: fallback,
    minimum,
    maximum: Number.MAX_SAFE_INTEGER,
  });
const count = (description: string, fallback: number, minimum: number, maximum: number) =>
  Type.Integer({ description, default: fallback, minimum, maximum });

const SettingsSchema = Type.Object({
  HOST: Type.String({ description: 'Address to listen on', default: '127.0.0.1', minLength: 1 }),
  HTTP_THREADS: Type.String({
    description: 'Threads that serve HTTP, each with its own event loop: a number up to 63, or auto for one per core',
    default: '1',
    pattern: '^(auto|[1-9]|[1-5][0-9]|6[0-3])$',
  }),
  PORT: count('Port to listen on; 0 takes any free port', 8000, 0, 65_535),
  MODEL: Type.String({
    description: 'Model on the Hugging Face hub, as org/name or org/name@revision',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
    pattern: '^[\\w.-]+/[\\w.-]+(@[\\w.-]+)?$',
  }),
  MODEL_DIR: Type.Optional(
    Type.String({ description: 'Folder of a sentence-transformers model, used in place of the hub' }),
  ),
  DEVICE: Type.Enum(['auto', 'cpu', 'cuda'], {
    description: 'Where the model runs; auto takes CUDA where it works, else the CPU',
    default: 'auto',
  }),
  CUDA_DEVICE: count('Number of the CUDA device to use', 0, 0, 1023),
  ENCODER: Type.Enum(['auto', 'native', 'onnx'], {
    description:
      "Encoder: Cosimo's own for the CPU (native), ONNX Runtime (onnx), or whichever suits device and model (auto)",
    default: 'auto',
  }),
  PRECISION: Type.Enum(['auto', 'fp32', 'fp16', 'bf16', 'int8'], {
    description:
      'Precision of the encoder; auto is fp16 on CUDA and fp32 on the CPU; only ONNX Runtime has fp16, only the native encoder has bf16 and int8',
    default: 'auto',
  }),
  ENCODER_WORKERS: count(
    'Inferences that run side by side; 0 lets the start choose by measuring; the native encoder takes 2, which share its threads',
    0,
    0,
    256,
  ),
  ENCODER_THREADS: count(
    'Threads of one inference; 0 lets the start choose by measuring; the native encoder takes all cores',
    0,
    0,
    1024,
  ),
  BATCH_TOKENS: count(
    'Most tokens of one inference, padding included; 0 is 1024 on the CPU and 16384 on CUDA',
    0,
    0,
    1 << 20,
  ),
  QUEUE_TOKENS: count(
    'Most tokens that may wait to be encoded; a request past them is answered 429',
    262_144,
    1,
    1 << 30,
  ),
  QUEUE_BYTES: bytes('Most bytes of text that may wait to be encoded; a request past them is answered 429', 256 * MIB),
  SEARCH_THREADS: count('Threads that search the index', availableParallelism(), 1, 1024),
  SEARCH_CODES: Type.Enum(['auto', 'planes', 'bytes', 'plain', 'rotated'], {
    description:
      'How a search reads the codes of rows: as they are (plain), of these the upper half of each first (planes) or whole (bytes); rotated; or whichever is faster (auto)',
    default: 'auto',
  }),
  DATA_DIR: Type.String({
    description: 'Folder of the document store; :memory: keeps documents until the process ends',
    default: './data',
    minLength: 1,
  }),
  CACHE_BYTES: bytes('Bytes that the embedding cache may take, everything counted; 0 keeps nothing', 256 * MIB, 0),
  CACHE_TTL_MS: count(
    'Age in milliseconds past which a cached embedding is not used; 0 for no limit',
    0,
    0,
    Number.MAX_SAFE_INTEGER,
  ),
  ANSWER_BYTES: bytes(
    'Most bytes of search answers that are being made or sent; a search past them is answered 429',
    512 * MIB,
  ),
  MAX_BATCH_SIZE: count('Most texts in one request', 100, 1, 100_000),
  MAX_OPENAI_INPUTS: count('Most inputs of one /v1/embeddings request', 2048, 1, 100_000),
  MAX_DOCUMENTS: count(
    'Most documents in the index; a new one past them is answered 507; 0 for no limit',
    0,
    0,
    Number.MAX_SAFE_INTEGER,
  ),
  MAX_INDEX_BYTES: bytes(
    'Most bytes of memory of the index; a write past them is answered 507; 0 is three quarters of what this process may use',
    0,
    0,
  ),
  MAX_TOP_K: count('Most hits of one search', 10_000, 1, 1_000_000),
  MAX_BODY_BYTES: bytes('Most bytes of a request body', 32 * MIB),
  UPLOAD_BYTES: bytes(
    'Most bytes of request bodies that are coming in; past them large ones are answered 429; 0 is four times MAX_BODY_BYTES',
    0,
    0,
  ),
  MAX_TEXT_BYTES: bytes('Most bytes of a text, in UTF-8', 8 * MIB),
  MAX_METADATA_BYTES: bytes("Most bytes of a document's metadata, as JSON", MIB),
  API_KEY: Type.Optional(
    Type.String({ description: 'Bearer token that every call must carry, except /health* and the documentation' }),
  ),
  RATE_LIMIT: count(
    'Most requests a minute from one address; a request past them is answered 429; 0 for no limit',
    0,
    0,
    1_000_000_000,
  ),
  TRUST_PROXY: Type.Optional(
    Type.String({
      description:
        'Proxies whose X-Forwarded-For names the client that RATE_LIMIT counts: addresses and ranges, separated by commas',
    }),
  ),
  REQUEST_TIMEOUT_MS: count(
    'Longest time of one request, in milliseconds; then it is answered 503',
    60_000,
    1,
    86_400_000,
  ),
  MAX_EVENT_LOOP_DELAY_MS: count(
    'Mean delay of the event loop, in milliseconds, above which requests are answered 503',
    1000,
    10,
    600_000,
  ),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    description: 'Least level that is logged',
    default: 'info',
  }),
});

type Settings = Static<typeof SettingsSchema>;

/** A setting has the name of its environment variable. */
export type Config = Readonly<Settings>;

type SettingSchema = { description: string; default?: unknown; type?: string; enum?: readonly unknown[] };
const PROPERTIES = Object.entries(SettingsSchema.properties) as unknown as [keyof Settings, SettingSchema][];

/**
 * @param environment usually `process.env`; an empty value counts as absent, blanks around a value don't count
 * @throws CosimoError `invalid_setting`, one sentence for each bad value
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  const data: Record<string, string> = {};
  for (const [name] of PROPERTIES) {
    const value = environment[name];
    if (value !== undefined && value.trim() !== '') data[name] = value.trim();
  }
  try {
    const config = envSchema<Settings>({ schema: SettingsSchema, data, env: false, dotenv: false });
    checkAddresses(config);
    checkTogether(config);
    return Object.freeze({ ...config, HOST: withoutBrackets(config.HOST) });
  } catch (error) {
    const faults = (error as { errors?: { instancePath: string; message?: string }[] }).errors;
    if (faults === undefined) throw error;
    const sentences = faults.map((fault) => sentence(fault.instancePath.slice(1), fault.message ?? 'is wrong', data));
    throw new CosimoError('invalid_setting', sentences.join('\n'), { cause: error });
  }
}

/** An IPv6 address may stand in brackets, as in a URL. */
const withoutBrackets = (host: string) => host.replace(/^\[(.*)\]$/, '$1');

/** A name that can't be resolved, or an address that this machine lacks, is found out by listening. */
function checkAddresses(settings: Settings): void {
  const { HOST } = settings;
  const host = withoutBrackets(HOST);
  if (isIP(host) === 0 && (host !== HOST || !/^[\w.-]+$/.test(host))) {
    throw new CosimoError('invalid_setting', `HOST=${HOST} is neither an address nor the name of a host.`);
  }
  for (const range of trustedProxies(settings)) {
    const [address = '', bits, ...more] = range.split('/');
    const bitsMax = isIP(address) === 6 ? 128 : 32;
    const isRange = more.length === 0 && (bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= bitsMax));
    if (isIP(address) !== 0 && isRange) continue;
    throw new CosimoError(
      'invalid_setting',
      `TRUST_PROXY: ${range} is neither an address nor a range such as 10.0.0.0/8.`,
    );
  }
}

/** The addresses and ranges of TRUST_PROXY. */
export function trustedProxies({ TRUST_PROXY = '' }: Pick<Settings, 'TRUST_PROXY'>): string[] {
  return TRUST_PROXY.split(',').flatMap((range) => range.trim() || []);
}

/**
 * Every request within the limits must fit into an empty queue and come in alone; otherwise it would be refused for ever. QUEUE_TOKENS needs no
 * check: an empty queue takes any number of tokens.
 */
function checkTogether(settings: Settings): void {
  const { MAX_BODY_BYTES } = settings;
  const requireAtLeast = (name: 'QUEUE_BYTES' | 'UPLOAD_BYTES', least: number, what: string) => {
    if (settings[name] >= least) return;
    const sentence = `${name}=${settings[name]} is less than ${what}MAX_BODY_BYTES=${MAX_BODY_BYTES}.`;
    throw new CosimoError('invalid_setting', sentence);
  };
  requireAtLeast('QUEUE_BYTES', MAX_BODY_BYTES, '');
  if (settings.UPLOAD_BYTES !== 0) requireAtLeast('UPLOAD_BYTES', 2 * MAX_BODY_BYTES, 'twice ');
}

function sentence(name: string, fault: string, data: Record<string, string>): string {
  const schema = PROPERTIES.find(([known]) => known === name)?.[1];
  const choices = schema?.enum ? ` (${schema.enum.join(', ')})` : '';
  const shown = name === 'API_KEY' ? '' : `=${data[name] ?? ''}`;
  return `${name}${shown}: ${fault}${choices}. ${schema?.description ?? ''}.`;
}

/** HTTP_THREADS as a number: auto is one per core. */
export function httpThreads({ HTTP_THREADS }: Config): number {
  return HTTP_THREADS === 'auto' ? Math.min(availableParallelism(), HTTP_THREADS_MAX) : Number(HTTP_THREADS);
}

/** Bytes of bodies that may come in on one HTTP thread: its share of UPLOAD_BYTES, but a small body always fits beside a large one. */
export function uploadBytesOfThread(config: Config): number {
  const { UPLOAD_BYTES, MAX_BODY_BYTES } = config;
  return Math.max((UPLOAD_BYTES || 4 * MAX_BODY_BYTES) / httpThreads(config), 2 * MAX_BODY_BYTES);
}

/** What `--help` of a command shows: every setting with its meaning, its choices and its default. */
export function settingsHelp(command = 'npm start'): string {
  const rows = PROPERTIES.map(([name, schema]) => {
    const kind = schema.enum ? schema.enum.join(' | ') : '';
    const detail = [kind, schema.default === undefined ? 'not set' : `default ${schema.default}`].filter(Boolean);
    return `  ${name.padEnd(24)} ${schema.description} (${detail.join('; ')})`;
  });
  return [`Usage: ${command}`, '', 'Settings are environment variables:', ...rows, ''].join('\n');
}
