// @okta/okta-auth-js, as far as it works outside a browser: codes, refresh, userinfo, introspection, revocation, verification.

import assert from 'node:assert/strict';
import test from 'node:test';
import { OktaAuth } from '@okta/okta-auth-js';

import { ada, browse, claims, forged, issuer, rotate, withClockAhead } from './mock.mjs';

const redirectUri = 'http://app.localhost/';
const scopes = ['openid', 'profile', 'email', 'offline_access'];

const auth = options => new OktaAuth({ issuer, clientId: 'page', redirectUri, scopes, ...options });

/** Signs the user in, with the library's own parameters; the library sends the browser itself where there is one. */
async function signIn(sdk) {
  const wanted = await sdk.token.prepareTokenParams();
  const asked = new URLSearchParams({
    client_id: wanted.clientId,
    redirect_uri: wanted.redirectUri,
    response_type: wanted.responseType === 'code' ? 'code' : wanted.responseType.join(' '),
    scope: wanted.scopes.join(' '),
    state: wanted.state,
    nonce: wanted.nonce,
    code_challenge: wanted.codeChallenge,
    code_challenge_method: wanted.codeChallengeMethod,
  });
  const returned = await browse(`${issuer}/v1/authorize?${asked}`);
  assert.equal(returned.searchParams.get('state'), wanted.state);
  const answer = await sdk.token.exchangeCodeForTokens({
    ...wanted,
    authorizationCode: returned.searchParams.get('code'),
  });
  return answer.tokens;
}

test('okta-auth-js: signs in with PKCE, verifies the ID token and asks for the user', async () => {
  const sdk = auth();
  const { accessToken, idToken, refreshToken } = await signIn(sdk);
  assert.equal(idToken.claims.sub, ada);
  assert.ok(refreshToken.refreshToken);
  await sdk.token.verify(idToken, { accessToken: accessToken.accessToken });
  const told = await sdk.token.getUserInfo(accessToken, idToken);
  assert.deepEqual([told.sub, told.email, told.preferred_username], [ada, 'ada@example.com', 'ada@example.com']);
});

test('okta-auth-js: renews tokens, and the refresh token rotates', async () => {
  const sdk = auth();
  const tokens = await signIn(sdk);
  const renewed = await sdk.token.renewTokens({ tokens });
  assert.notEqual(renewed.accessToken.accessToken, tokens.accessToken.accessToken);
  assert.notEqual(renewed.refreshToken.refreshToken, tokens.refreshToken.refreshToken);
});

test('okta-auth-js: introspects and revokes', async () => {
  const sdk = auth();
  const { accessToken, refreshToken } = await signIn(sdk);
  const told = await sdk.token.introspect('accessToken', accessToken);
  assert.deepEqual([told.active, told.client_id, told.uid], [true, 'page', ada]);
  await sdk.revokeAccessToken(accessToken);
  assert.equal((await sdk.token.introspect('accessToken', accessToken)).active, false);
  assert.equal((await sdk.token.introspect('refreshToken', refreshToken)).active, true);
  await sdk.revokeRefreshToken(refreshToken);
  assert.equal((await sdk.token.introspect('refreshToken', refreshToken)).active, false);
});

test('okta-auth-js: refuses a wrong client, a wrong issuer, a changed signature, and what has expired', async () => {
  const sdk = auth();
  const { idToken } = await signIn(sdk);
  await assert.rejects(auth({ clientId: 'web' }).token.verify(idToken), /The audience \[page\] does not match \[web\]/);
  const elsewhere = issuer.replace('ausOAuthClients', 'default');
  await assert.rejects(sdk.token.verify(idToken, { issuer: elsewhere }), /The issuer .* does not match/);
  await assert.rejects(sdk.token.verify({ ...idToken, idToken: forged(idToken.idToken) }), /The token signature is not valid/);
  await assert.rejects(sdk.token.verify(idToken, { accessToken: 'another' }), /Token hash verification failed/);
  const lifetime = claims(idToken.idToken).exp - claims(idToken.idToken).iat;
  await withClockAhead(lifetime + 310, () => assert.rejects(sdk.token.verify(idToken), /The JWT expired/));
});

test('okta-auth-js: finds the key after a rotation, and no key that is gone', async () => {
  const { idToken: old } = await signIn(auth());
  await rotate();
  const sdk = auth();
  const { idToken } = await signIn(sdk);
  assert.notEqual(idToken.idToken.split('.')[0], old.idToken.split('.')[0]);
  await sdk.token.verify(old);
  await rotate();
  // It would go on with the keys that it keeps.
  sdk.storageManager.getHttpCache().clearStorage();
  await assert.rejects(sdk.token.verify(old), /The key id, .*, was not found/);
});
