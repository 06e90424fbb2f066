/** GET /openapi.json and /docs. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { send, startService } from '../support/service.ts';

const service = await startService();

test('/openapi.json describes every call of the contract', async () => {
  const { status, json } = await send(service, 'GET', '/openapi.json');
  assert.equal(status, 200);
  assert.match(json.openapi, /^3\.1\./);
  const calls = Object.entries(json.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method} ${path}`),
  );
  assert.deepEqual(calls.toSorted(), [
    'delete /index/{doc_id}',
    'get /health',
    'get /health/live',
    'get /health/ready',
    'get /index/{doc_id}',
    'get /metrics',
    'get /stats',
    'get /v1/models',
    'get /v1/models/{model}',
    'get /v1/models/{organization}/{model}',
    'post /embed',
    'post /embed/batch',
    'post /index',
    'post /search',
    'post /v1/embeddings',
  ]);
  const embed = json.paths['/embed'].post;
  const schema = embed.requestBody.content['application/json'].schema;
  const resolved = schema.$ref ? json.components.schemas[schema.$ref.split('/').at(-1)] : schema;
  assert.deepEqual(resolved.required, ['texts']);
  assert.ok('507' in json.paths['/index'].post.responses);
  assert.deepEqual(Object.keys(embed.responses).toSorted(), ['200', '400', '413', '422', '429', '500', '503']);
});

test('/docs is a page, with its scripts', async () => {
  const page = await send(service, 'GET', '/docs');
  assert.equal(page.status, 200);
  assert.match(page.text, /swagger-ui/);
  const [, script] = /src="([^"]*swagger-ui-bundle\.js)"/.exec(page.text) ?? [];
  assert.ok(script !== undefined && !/^https?:/.test(script), 'served from here');
  assert.equal((await send(service, 'GET', new URL(script, 'http://localhost/docs/').pathname)).status, 200);
});
