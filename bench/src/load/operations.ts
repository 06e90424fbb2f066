/** The calls of a client, which repeats one operation of the service with new texts or with cached ones. */
import { seededRandom } from '../data/random.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
}

export interface Operation {
  /** Runs right before `call`, which needs it. Its time counts as latency in an open loop, not in a closed one. */
  readonly before?: Call;
  readonly call: Call;
}

export const OPERATIONS = [
  'embed',
  'embed-cached',
  'embed-one',
  'embed-mixed',
  'batch',
  'batch-mixed',
  'batch-cached',
  'index',
  'index-cached',
  'index-delete',
  'search',
  'search-cached',
  'stats',
  'health',
] as const;
export type OperationName = (typeof OPERATIONS)[number];

export interface OperationSource {
  /** Calls to make once before the load: they store documents and fill the cache. */
  readonly preparation: readonly Call[];
  readonly next: () => Operation;
}

const WORDS =
  'river stone engine market signal garden winter letter bridge copper window doctor forest planet silver theory ' +
  'camera harbor island jacket kettle ladder mirror needle orchard pepper quarry rocket saddle tunnel valley wallet';
const TEXT_WORDS = 12;
const KNOWN_TEXTS = 64;
const BATCH_TEXTS = 32;
const CACHED_BATCH_TEXTS = 100;

/** Texts of a file, repeated from its start: `batch-mixed` takes several at a time, `embed-mixed` one. */
export interface GivenTexts {
  readonly texts: readonly string[];
  readonly batch: number;
}

/** @param documents how many to store before searches or deletes */
export function operationSource(
  name: OperationName,
  seed: number,
  documents: number,
  given: GivenTexts = { texts: ['no texts were given'], batch: 1 },
): OperationSource {
  const newText = textSource(seed);
  const known = Array.from({ length: KNOWN_TEXTS }, newText);
  let count = 0;
  const knownText = () => known[count++ % KNOWN_TEXTS] as string;
  const newId = () => `new-${seed}-${count++}`;
  const index = (id: string, text: string) => post('/index', { id, text });
  const search = (query: string) => ({ call: post('/search', { query, top_k: 10, threshold: 0 }) });
  const cached = known.map((text) => post('/embed', { texts: [text] }));
  const indexed = Array.from({ length: documents }, (_, i) => index(`document-${i}`, newText()));
  switch (name) {
    case 'embed':
      return { preparation: [], next: () => ({ call: post('/embed', { texts: [newText()], cache: false }) }) };
    case 'embed-cached':
      return { preparation: cached, next: () => ({ call: post('/embed', { texts: [knownText()] }) }) };
    case 'embed-one': {
      const [call] = cached as [Call];
      return { preparation: [call], next: () => ({ call }) };
    }
    case 'embed-mixed': {
      const text = () => given.texts[count++ % given.texts.length] as string;
      return { preparation: [], next: () => ({ call: post('/embed', { texts: [text()], cache: false }) }) };
    }
    case 'batch-cached': {
      const texts = Array.from({ length: CACHED_BATCH_TEXTS }, newText);
      const call = post('/embed/batch', { texts });
      return { preparation: [call], next: () => ({ call }) };
    }
    case 'batch': {
      const texts = () => Array.from({ length: BATCH_TEXTS }, newText);
      return { preparation: [], next: () => ({ call: post('/embed/batch', { texts: texts(), cache: false }) }) };
    }
    case 'batch-mixed': {
      const texts = () =>
        Array.from({ length: given.batch }, () => given.texts[count++ % given.texts.length] as string);
      return { preparation: [], next: () => ({ call: post('/embed/batch', { texts: texts(), cache: false }) }) };
    }
    case 'index':
      return { preparation: indexed, next: () => ({ call: index(newId(), newText()) }) };
    case 'index-cached':
      return { preparation: [...cached, ...indexed], next: () => ({ call: index(newId(), knownText()) }) };
    case 'index-delete': {
      const next = () => {
        const id = newId();
        return { before: index(id, knownText()), call: { method: 'DELETE' as const, path: `/index/${id}` } };
      };
      return { preparation: [...cached, ...indexed], next };
    }
    case 'search':
      return { preparation: indexed, next: () => search(newText()) };
    case 'search-cached':
      return { preparation: [...cached, ...indexed], next: () => search(knownText()) };
    case 'stats':
    case 'health':
      return { preparation: [], next: () => ({ call: { method: 'GET', path: `/${name}` } }) };
  }
}

function post(path: string, body: unknown): Call {
  return { method: 'POST', path, body: JSON.stringify(body) };
}

/** Texts of twelve common words, hardly two alike; the same seed gives the same ones. */
function textSource(seed: number): () => string {
  const random = seededRandom(seed);
  const words = WORDS.split(' ');
  return () => Array.from({ length: TEXT_WORDS }, () => words[random.integer(words.length)]).join(' ');
}
