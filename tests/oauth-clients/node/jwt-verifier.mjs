// @okta/jwt-verifier: what it accepts, and what it refuses.

import assert from 'node:assert/strict';
import test from 'node:test';
import OktaJwtVerifier from '@okta/jwt-verifier';
import * as client from 'openid-client';

import { ada, audience, claims, forged, issuer, keySet, rotate, secret, withClockAhead } from './mock.mjs';

const verifier = options => new OktaJwtVerifier({ issuer, ...options });

async function accessToken() {
  const config = await client.discovery(new URL(issuer), 'basic', undefined, client.ClientSecretBasic(secret));
  return (await client.clientCredentialsGrant(config, { scope: 'orders:read' })).access_token;
}

/** By the password grant, which openid-client has no words for. */
async function idToken() {
  const config = await client.discovery(new URL(issuer), 'web', undefined, client.ClientSecretBasic(secret));
  const form = { username: 'ada@example.com', password: 'right', scope: 'openid profile' };
  return (await client.genericGrantRequest(config, 'password', form)).id_token;
}

test('@okta/jwt-verifier: an access token and its claims', async () => {
  const token = await accessToken();
  const asserted = { cid: 'basic', 'scp.includes': ['orders:read'], tier: 'gold' };
  const verified = await verifier({ assertClaims: asserted }).verifyAccessToken(token, audience);
  assert.deepEqual(Object.keys(verified.claims), ['ver', 'jti', 'iss', 'aud', 'iat', 'exp', 'cid', 'scp', 'sub', 'tier']);
  assert.equal(verified.header.alg, 'RS256');
  await assert.rejects(verifier({ assertClaims: { 'scp.includes': 'orders:write' } }).verifyAccessToken(token, audience), /does not include/);
});

test('@okta/jwt-verifier: an ID token', async () => {
  const verified = await verifier().verifyIdToken(await idToken(), 'web');
  assert.equal(verified.claims.sub, ada);
});

test('@okta/jwt-verifier: a wrong audience, a wrong issuer, a changed signature and changed claims', async () => {
  const [access, id] = [await accessToken(), await idToken()];
  await assert.rejects(verifier().verifyAccessToken(access, 'api://other'), /does not match expected audience/);
  await assert.rejects(verifier().verifyIdToken(id, 'basic'), /does not match expected client id/);
  await assert.rejects(verifier().verifyIdToken(id, 'web', 'nonce'), /nonce claim is missing/);
  const elsewhere = verifier({ issuer: issuer.replace('ausOAuthClients', 'default'), jwksUri: `${issuer}/v1/keys` });
  await assert.rejects(elsewhere.verifyAccessToken(access, audience), /does not match expected issuer/);
  await assert.rejects(verifier().verifyAccessToken(forged(access), audience), /Signature verification failed/);
  const [head, , signature] = access.split('.');
  const more = Buffer.from(JSON.stringify({ ...claims(access), scp: ['orders:write'] })).toString('base64url');
  await assert.rejects(verifier().verifyAccessToken([head, more, signature].join('.'), audience), /Signature verification failed/);
});

test('@okta/jwt-verifier: the keys of another server', async () => {
  const other = verifier({ jwksUri: `${issuer.replace('ausOAuthClients', 'default')}/v1/keys` });
  await assert.rejects(other.verifyAccessToken(await accessToken(), audience), /Error while resolving signing key/);
});

test('@okta/jwt-verifier: a token after its time, and not before', async () => {
  const token = await accessToken();
  await withClockAhead(590, () => verifier().verifyAccessToken(token, audience));
  await withClockAhead(610, () => assert.rejects(verifier().verifyAccessToken(token, audience), /Jwt is expired/));
});

test('@okta/jwt-verifier: tokens across rotations', async () => {
  const [before, old] = [await keySet(), await accessToken()];
  await rotate();
  const fresh = await accessToken();
  // The former key is still served, and the new one is not among those of before.
  await verifier().verifyAccessToken(old, audience);
  await verifier().verifyAccessToken(fresh, audience);
  const kept = verifier({ getKeysInterceptor: async () => before.keys });
  await kept.verifyAccessToken(old, audience);
  const late = verifier({ jwksUri: `${issuer.replace('ausOAuthClients', 'default')}/v1/keys`, getKeysInterceptor: async () => before.keys });
  await assert.rejects(late.verifyAccessToken(fresh, audience), /Error while resolving signing key/);
  // After one more, the oldest key is gone.
  await rotate();
  await assert.rejects(verifier().verifyAccessToken(old, audience), /Error while resolving signing key/);
  await verifier().verifyAccessToken(fresh, audience);
});
