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

test('the scheme of the key is read in any case', async () => {
  const service = await startService({ API_KEY: 'secret' });
  for (const scheme of ['bearer', 'BEARER'])
    assert.equal((await send(service, 'GET', '/stats', undefined, { authorization: `${scheme} secret` })).status, 200);
});

test('RATE_LIMIT counts requests with a wrong key', async () => {
  const service = await startService({ API_KEY: 'secret', RATE_LIMIT: '2' });
  const statuses = [];
  for (let at = 0; at < 4; at += 1)
    statuses.push((await send(service, 'GET', '/stats', undefined, { authorization: 'Bearer wrong' })).status);
  assert.deepEqual(statuses, [401, 401, 429, 429]);
});

test('RATE_LIMIT counts the client that a trusted proxy names, and an IPv6 network of 64 bits as one', async () => {
  const statusesFor = async (settings: Record<string, string>, clients: readonly string[]) => {
    const service = await startService({ RATE_LIMIT: '1', ...settings });
    const statuses = [];
    for (const client of clients)
      statuses.push((await send(service, 'GET', '/stats', undefined, { 'x-forwarded-for': client })).status);
    return statuses;
  };
  const clients = ['203.0.113.1', '203.0.113.2', '2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'];
  assert.deepEqual(await statusesFor({ TRUST_PROXY: '127.0.0.0/8' }, clients), [200, 200, 200, 429, 200]);
  assert.deepEqual(await statusesFor({ TRUST_PROXY: '10.0.0.0/8' }, clients.slice(0, 2)), [200, 429]);
  assert.deepEqual(await statusesFor({}, clients.slice(0, 2)), [200, 429]);
});
