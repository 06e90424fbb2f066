/**
 * Sends every request of fixtures/fastapi-cases.json to the real service, which must answer as FastAPI does, entry for entry.
 * `DIFFERENCES` says where Cosimo differs on purpose, and why.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import { compileLaxValidator } from '../../src/http/body/lax-validation.ts';
import { readBody } from '../../src/http/body/read-body.ts';
import { EmbedRequest, IndexRequest, SearchRequest } from '../../src/http/schemas.ts';
import { type RawAnswer, rawRequest } from '../support/raw-http.ts';
import { startService } from '../support/service.ts';

interface Case {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly body_base64?: string;
  readonly body_repeat?: readonly [string, number][];
  readonly status: number;
  readonly response_headers: Readonly<Record<string, string>>;
  readonly response?: unknown;
  readonly understood?: Readonly<Record<string, unknown>>;
  readonly reference_fault?: boolean;
  readonly faults?: readonly { type: string; loc: unknown[]; msg: string }[];
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/fastapi-cases.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

interface Difference {
  readonly why: string;
  readonly status: number;
  readonly when: (c: Case) => boolean;
}

const named =
  (...names: string[]) =>
  (c: Case) =>
    names.includes(c.name);

/** Where Cosimo answers with another status than FastAPI, and why. */
const DIFFERENCES: readonly Difference[] = [
  {
    why: 'a threshold is any finite number; FastAPI takes infinity and NaN too',
    status: 422,
    when: (c) => isNonFinite(c.understood?.['threshold']),
  },
  {
    why: 'CPython reads no integer of more than 4300 digits; JavaScript does',
    status: 200,
    when: named('json: integer of 4301 digits', 'top_k: a number of 4301 digits'),
  },
  { why: 'the same, and that is no finite number', status: 422, when: named('threshold: a number of 4301 digits') },
  {
    why: 'an id may hold a slash, percent-encoded; Starlette decodes the path before it routes',
    status: 404,
    when: (c) => /%2f/i.test(c.path),
  },
  { why: 'GET /index/{doc_id} is served', status: 404, when: named('method: GET /index/a') },
  { why: 'no id is longer than 512 bytes', status: 404, when: named('delete: 600 characters') },
  { why: 'no id is empty', status: 422, when: named('type: empty id') },
  { why: 'metadata comes back as JSON, which has no NaN', status: 422, when: named('json: NaN in metadata') },
  {
    why: 'invalid UTF-8 is a 400',
    status: 400,
    when: named('content type: not JSON, body not UTF-8', 'encoding: surrogate as three bytes'),
  },
];

const VALIDATORS: Readonly<Record<string, ReturnType<typeof compileLaxValidator>>> = {
  '/embed': compileLaxValidator(EmbedRequest),
  '/embed/batch': compileLaxValidator(EmbedRequest),
  '/index': compileLaxValidator(IndexRequest),
  '/search': compileLaxValidator(SearchRequest),
};

function bodyOf(c: Case): Buffer | undefined {
  if (c.body !== undefined) return Buffer.from(c.body);
  if (c.body_base64 !== undefined) return Buffer.from(c.body_base64, 'base64');
  if (c.body_repeat !== undefined)
    return Buffer.from(c.body_repeat.map(([piece, times]) => piece.repeat(times)).join(''));
  return undefined;
}

/** Whether a value in the fixture stands for a number that is not finite, which JSON lacks. */
const isNonFinite = (value: unknown) => typeof value === 'object' && value !== null && 'float' in value;

const service = await startService();
const origin = await service.app.listen({ port: 0 });

describe('FastAPI is the reference', () => {
  const ask = (c: Case) => rawRequest(origin, { method: c.method, path: c.path, headers: c.headers, body: bodyOf(c) });

  for (const c of fixture.cases) {
    test(c.name, async () => {
      await empty();
      if (c.path.startsWith('/index/') && c.understood) await store(String(c.understood['doc_id']));
      const answer = await ask(c);
      const difference = DIFFERENCES.find(({ when }) => when(c));
      if (difference !== undefined)
        assert.equal(answer.status, difference.status, `${difference.why}: ${answer.text.slice(0, 300)}`);
      else if (c.status === 307) await sameAsWithoutSlash(c, answer);
      else if (c.faults !== undefined) assert.deepEqual(faultsOf(answer), c.faults);
      else sameAnswer(c, answer);
      if (answer.status === 200 && c.understood !== undefined) sameUnderstanding(c);
    });
  }

  /** Deletes the document that cases store, so that no case sees another's. */
  async function empty(): Promise<void> {
    await rawRequest(origin, { method: 'DELETE', path: '/index/a' });
  }

  async function store(id: string): Promise<void> {
    const body = JSON.stringify({ id, text: 'to be deleted' });
    await rawRequest(origin, { method: 'POST', path: '/index', headers: { 'content-type': 'application/json' }, body });
  }

  /** Requests that FastAPI redirects: Cosimo serves them at once. */
  async function sameAsWithoutSlash(c: Case, answer: RawAnswer): Promise<void> {
    const [path = '', query] = c.path.split('?');
    const bare = await ask({ ...c, path: path.replace(/\/+$/, '') + (query === undefined ? '' : `?${query}`) });
    assert.notEqual(answer.text, '{"detail":"Not Found"}');
    assert.deepEqual([answer.status, answer.text], [bare.status, bare.text]);
  }
});

function faultsOf(answer: RawAnswer): unknown {
  const { detail } = JSON.parse(answer.text) as { detail: { type: string; loc: unknown[]; msg: string }[] };
  return detail.map(({ type, loc, msg }) => ({ type, loc, msg }));
}

function sameAnswer(c: Case, answer: RawAnswer): void {
  assert.equal(answer.status, c.status, answer.text.slice(0, 300));
  if (c.response !== undefined) assert.deepEqual(normalized(JSON.parse(answer.text)), normalized(c.response));
  const { allow, 'content-type': contentType } = c.response_headers;
  if (contentType !== undefined && c.method !== 'HEAD') assert.equal(answer.headers['content-type'], contentType);
  if (allow !== undefined) assert.equal(answer.headers.allow, c.path.startsWith('/index/') ? `${allow}, GET` : allow);
}

/** The handler gets the same values as FastAPI's handler. */
function sameUnderstanding(c: Case): void {
  const validate = VALIDATORS[c.path.split('?')[0] as string];
  if (validate === undefined || c.path.startsWith('/index/')) return;
  const result = validate(readBody(bodyOf(c) ?? Buffer.alloc(0), c.headers['content-type']));
  assert.ok('value' in result);
  const value = result.value as Record<string, unknown>;
  if (typeof value['metadata'] === 'string') value['metadata'] = JSON.parse(value['metadata']);
  // Cosimo takes null metadata as {}.
  const expected = { ...c.understood, ...(c.understood?.['metadata'] === null ? { metadata: value['metadata'] } : {}) };
  assert.deepEqual(normalized(value), normalized(expected));
}

/** A lone surrogate is U+FFFD here; minus zero and zero are one number to every client. */
function normalized(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, part) => (typeof part === 'string' ? part.toWellFormed() : part)));
}
