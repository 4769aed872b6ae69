// Signing keys: list, read, rotate.

import assert from 'node:assert/strict';
import test from 'node:test';

import { all, okta, withServer } from './sdk.mjs';

const { servers } = okta;

function active(keys) {
  const found = keys.filter(({ status }) => status === 'ACTIVE');
  assert.equal(found.length, 1);
  return found[0];
}

test('keys: the active one is that of the server', () =>
  withServer(async (server, at) => {
    const key = active(await all(servers.listAuthorizationServerKeys(at)));
    assert.equal(key.kid, server.credentials.signing.kid);
    assert.deepEqual([key.kty, key.alg, key.use, key.e], ['RSA', 'RS256', 'sig', 'AQAB']);
    assert.deepEqual(await servers.getAuthorizationServerKey({ ...at, keyId: key.kid }), key);
  }));

test('keys: rotation makes another one active', () =>
  withServer(async (server, at) => {
    const before = active(await all(servers.listAuthorizationServerKeys(at)));
    const answer = await all(servers.rotateAuthorizationServerKeys({ ...at, use: { use: 'sig' } }));
    const after = active(answer);
    assert.notEqual(after.kid, before.kid);
    assert.equal(answer.find(({ kid }) => kid === before.kid).status, 'EXPIRED');
    assert.equal(active(await all(servers.listAuthorizationServerKeys(at))).kid, after.kid);
    const { signing } = (await servers.getAuthorizationServer(at)).credentials;
    assert.equal(signing.kid, after.kid);
    assert.ok(signing.lastRotated >= server.credentials.signing.lastRotated);
  }));
