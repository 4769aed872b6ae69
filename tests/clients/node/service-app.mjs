// The SDK as a service app: it signs an assertion, gets an access token for it, and works with that.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { address, connect, refusal, unique } from './sdk.mjs';

const key = readFileSync(process.env.SERVICE_APP_KEY, 'utf8');

const app = (...scopes) =>
  connect({ authorizationMode: 'PrivateKey', clientId: '0oaServiceApp0000001', scopes, privateKey: key }).servers;

test('service app: one that manages', async () => {
  const servers = app('okta.authorizationServers.manage', 'okta.authorizationServers.read');
  const name = unique();
  const made = await servers.createAuthorizationServer({ authorizationServer: { name, audiences: [`api://${name}`] } });
  assert.equal((await servers.getAuthorizationServer({ authServerId: made.id })).name, name);
  await servers.deleteAuthorizationServer({ authServerId: made.id });
});

test('service app: one that asked for reading only', async () => {
  const servers = app('okta.authorizationServers.read');
  assert.equal((await servers.getAuthorizationServer({ authServerId: 'default' })).issuer, `${address}/oauth2/default`);
  await assert.rejects(
    servers.createAuthorizationServer({ authorizationServer: { name: 'no', audiences: ['api://no'] } }),
    refusal(403, 'E0000006'),
  );
});
