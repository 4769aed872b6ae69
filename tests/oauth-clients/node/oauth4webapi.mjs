// oauth4webapi: the steps of each grant one by one, and the JWTs of clients.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as oauth from 'oauth4webapi';

import { ada, audience, browse, callback, claims, issuer, secret, signingKey } from './mock.mjs';

const server = async () => oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer)));

/** Docs: an assertion is for the endpoint that it is sent to; the library names the issuer. */
const to = (...names) => ({ [oauth.modifyAssertion]: (_, payload) => { payload.aud = names.map(name => `${issuer}/v1/${name}`); } });

/** The answer of client credentials. */
async function credentials(as, id, authentication, options) {
  const client = { client_id: id };
  const request = () => oauth.clientCredentialsGrantRequest(as, client, authentication, { scope: 'orders:read' }, options);
  const read = async () => oauth.processClientCredentialsResponse(as, client, await request());
  return read().catch(problem => {
    if (!oauth.isDPoPNonceError(problem)) throw problem;
    return read();
  });
}

/** The address that the browser is sent back to, and the verifier of the code. */
async function authorize(as, id, redirect, more) {
  const verifier = oauth.generateRandomCodeVerifier();
  const parameters = new URLSearchParams({
    client_id: id,
    redirect_uri: redirect,
    response_type: 'code',
    scope: 'openid email offline_access',
    state: 'state',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...more,
  });
  return { verifier, returned: await browse(`${as.authorization_endpoint}?${parameters}`) };
}

test('oauth4webapi: an answer of each client authentication', async () => {
  const as = await server();
  for (const [id, authentication] of [
    ['basic', oauth.ClientSecretBasic(secret)],
    ['post', oauth.ClientSecretPost(secret)],
    ['secret-jwt', oauth.ClientSecretJwt(secret, to('token'))],
    ['key-jwt', oauth.PrivateKeyJwt(await signingKey('RS256'), to('token'))],
    ['key-jwt', oauth.PrivateKeyJwt(await signingKey('ES512'), to('token'))],
  ]) {
    const answer = await credentials(as, id, authentication);
    assert.equal(claims(answer.access_token).cid, id);
  }
});

test('oauth4webapi: an assertion is for the endpoint that it is sent to, or it is refused', async () => {
  const as = await server();
  const key = await signingKey('RS256');
  const description = 'The audience claim for client_assertion must be the endpoint invoked for the request.';
  const refusal = { status: 401, error: 'invalid_client', error_description: description };
  await assert.rejects(credentials(as, 'key-jwt', oauth.PrivateKeyJwt(key, to('introspect'))), refusal);
  await assert.rejects(credentials(as, 'key-jwt', oauth.PrivateKeyJwt(key)), refusal, 'to the issuer');
  assert.ok((await credentials(as, 'key-jwt', oauth.PrivateKeyJwt(key, to('introspect', 'token')))).access_token);
});

test('oauth4webapi: an assertion is good once', async () => {
  const as = await server();
  const authentication = oauth.ClientSecretJwt(secret, {
    [oauth.modifyAssertion]: (_, payload) => Object.assign(payload, { jti: 'once', aud: as.token_endpoint }),
  });
  await credentials(as, 'secret-jwt', authentication);
  const description = 'The client_assertion token has already been used.';
  await assert.rejects(credentials(as, 'secret-jwt', authentication), { error: 'invalid_client', error_description: description });
});

test('oauth4webapi: DPoP with each algorithm that the library has of those in the metadata', async () => {
  const as = await server();
  const client = { client_id: 'bound' };
  for (const algorithm of ['RS256', 'ES256', 'ES384', 'ES512']) {
    assert.ok(as.dpop_signing_alg_values_supported.includes(algorithm));
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(algorithm));
    const answer = await credentials(as, 'bound', oauth.ClientSecretBasic(secret), { DPoP });
    assert.equal(claims(answer.access_token).cnf.jkt, await DPoP.calculateThumbprint());
  }
});

test('oauth4webapi: code, ID token by the keys served, userinfo, introspection, refresh, revocation', async () => {
  const as = await server();
  const [client, authentication] = [{ client_id: 'web' }, oauth.ClientSecretBasic(secret)];
  const { verifier, returned } = await authorize(as, 'web', callback, { nonce: 'nonce' });
  const parameters = oauth.validateAuthResponse(as, client, returned, 'state');
  const exchanged = await oauth.authorizationCodeGrantRequest(as, client, authentication, parameters, callback, verifier);
  const answer = await oauth.processAuthorizationCodeResponse(as, client, exchanged, { expectedNonce: 'nonce', requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, exchanged);
  assert.equal(oauth.getValidatedIdTokenClaims(answer).sub, ada);

  const userinfo = await oauth.userInfoRequest(as, client, answer.access_token);
  assert.equal((await oauth.processUserInfoResponse(as, client, ada, userinfo)).email, 'ada@example.com');

  const introspect = async token =>
    oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, authentication, token));
  assert.equal((await introspect(answer.access_token)).scope, answer.scope);

  const refreshed = await oauth.refreshTokenGrantRequest(as, client, authentication, answer.refresh_token);
  const next = await oauth.processRefreshTokenResponse(as, client, refreshed);
  assert.equal(oauth.getValidatedIdTokenClaims(next).sub, ada);

  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, next.access_token));
  assert.deepEqual(await introspect(next.access_token), { active: false });
  assert.equal((await introspect(answer.access_token)).active, true, 'an access token is revoked alone');
});

test('oauth4webapi: an access token is none of RFC 9068, as those of the service have no `typ`', async () => {
  const as = await server();
  const answer = await credentials(as, 'basic', oauth.ClientSecretBasic(secret));
  const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${answer.access_token}` } });
  await assert.rejects(oauth.validateJwtAccessToken(as, request, audience), { message: /typ/ });
});
