// What the SDK makes of refusals: token, input, and the rate limit.

import assert from 'node:assert/strict';
import test from 'node:test';

import { DefaultRequestExecutor, address, all, connect, okta, refusal } from './sdk.mjs';

test('errors: a token that nobody knows', () => {
  const { servers } = connect({ token: 'nobody-knows-this' });
  return assert.rejects(all(servers.listAuthorizationServers()), refusal(401, 'E0000011', 'Invalid token provided'));
});

test('errors: invalid input', () =>
  assert.rejects(
    okta.servers.createAuthorizationServer({ authorizationServer: { audiences: ['api://nameless'] } }),
    refusal(400, 'E0000001', 'Api validation failed: name'),
  ));

test('errors: a rate limit that is used up', async () => {
  const requestExecutor = new DefaultRequestExecutor({ maxRetries: 0 });
  const { servers } = connect({ token: process.env.HASTY_TOKEN, requestExecutor });
  const read = () => servers.getAuthorizationServer({ authServerId: 'default' });
  assert.equal((await read()).issuer, `${address}/oauth2/default`);
  await assert.rejects(read(), error => {
    assert.equal(error.headers.get('X-Rate-Limit-Remaining'), '0');
    // Whoever waits until then is let in again: the SDKs do.
    const wait = Number(error.headers.get('X-Rate-Limit-Reset')) - Date.now() / 1000;
    assert.ok(wait > -1 && wait <= 60);
    return refusal(429, 'E0000047')(error);
  });
});
