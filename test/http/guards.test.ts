/** Guards of the routes that do work: API key and rate limit. `overload.long.test.ts` tests the guard of the event loop. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { send, startService } from '../support/service.ts';

test('RATE_LIMIT: 429 with Retry-After, health is free', async () => {
  const service = await startService({ RATE_LIMIT: '3' });
  const statuses = [];
  for (let at = 0; at < 5; at += 1) statuses.push((await send(service, 'GET', '/stats')).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  const refused = await send(service, 'GET', '/stats');
  assert.match(refused.json.detail, /More than 3 requests a minute/);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal((await send(service, 'GET', '/health')).status, 200);
});

test('API_KEY: every call that does work wants it, health does not', async () => {
  const service = await startService({ API_KEY: 'secret' });
  const refused = await send(service, 'POST', '/embed', { texts: ['a'] });
  assert.equal(refused.status, 401);
  assert.match(refused.json.detail, /Authorization: Bearer/);
  assert.match(String(refused.headers['www-authenticate']), /^Bearer/);
  assert.equal(
    (await send(service, 'POST', '/embed', { texts: ['a'] }, { authorization: 'Bearer wrong' })).status,
    401,
  );
  assert.equal(
    (await send(service, 'POST', '/embed', { texts: ['a'] }, { authorization: 'Bearer secret' })).status,
    200,
  );
  assert.equal((await send(service, 'GET', '/metrics')).status, 401);
  for (const path of ['/health', '/health/live', '/health/ready'])
    assert.equal((await send(service, 'GET', path)).status, 200);
});
