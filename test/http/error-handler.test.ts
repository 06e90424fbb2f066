/** Every error code has its status, and an internal fault tells the client nothing. */
import assert from 'node:assert/strict';
import Fastify from 'fastify';
import { pino } from 'pino';
import { test } from 'vitest';
import { CosimoError, ERROR_SENTENCES, type ErrorCode } from '../../src/errors.ts';
import { installErrorHandler } from '../../src/http/error-handler.ts';

const EXPECTED: Readonly<Record<ErrorCode, number>> = {
  batch_too_large: 400,
  document_not_found: 404,
  metadata_too_large: 413,
  text_too_large: 413,
  queue_full: 429,
  addon_missing: 500,
  index_model_mismatch: 500,
  inference_failed: 500,
  invalid_argument: 500,
  invalid_setting: 500,
  model_invalid: 500,
  model_unavailable: 500,
  not_finite: 500,
  store_unavailable: 500,
  cancelled: 503,
  closed: 503,
  encoder_lost: 503,
  model_not_ready: 503,
  out_of_memory: 503,
  timed_out: 503,
  store_failed: 503,
  index_full: 507,
  store_full: 507,
};

const app = Fastify();
const lines: { msg: string; reqId: string; err: { message: string } }[] = [];
const logger = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
installErrorHandler(app, () => 7, logger);
app.get<{ Params: { code: ErrorCode } }>('/:code', (request) => {
  throw new CosimoError(request.params.code, `secret of ${request.params.code}`);
});
app.get('/plain', () => {
  throw new Error('secret of ours');
});

for (const code of Object.keys(ERROR_SENTENCES) as ErrorCode[]) {
  test(`${code} is ${EXPECTED[code]}`, async () => {
    const { statusCode, headers, body } = await app.inject(`/${code}`);
    assert.equal(statusCode, EXPECTED[code]);
    assert.equal(headers['retry-after'], statusCode === 429 || statusCode === 503 ? '7' : undefined);
    const detail = statusCode === 500 ? 'Internal Server Error' : `secret of ${code}`;
    assert.deepEqual(JSON.parse(body), { detail });
    const logged = lines.splice(0).length;
    assert.equal(logged, statusCode === 500 || code.startsWith('store_') ? 1 : 0);
  });
}

test('any other error is a 500 that tells nothing of its cause', async () => {
  const { statusCode, body } = await app.inject('/plain');
  assert.deepEqual([statusCode, body], [500, '{"detail":"Internal Server Error"}']);
  const line = lines.at(-1);
  assert.deepEqual([line?.msg, line?.err.message], ['request failed', 'secret of ours']);
  assert.match(line?.reqId ?? '', /^req-/);
});
