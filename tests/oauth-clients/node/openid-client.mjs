// openid-client: discovery, each client authentication, each grant, DPoP, introspection, revocation, and what it refuses.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as client from 'openid-client';

import { ada, audience, browse, callback, claims, forged, issuer, keySet, later, nativeCallback, rotate, secret, signingKey } from './mock.mjs';

const discover = (id, authentication, options) => client.discovery(new URL(issuer), id, undefined, authentication, options);
const basic = () => discover('basic', client.ClientSecretBasic(secret));
const web = () => discover('web', client.ClientSecretBasic(secret));
const page = () => discover('page', client.None());
const pageCallback = 'http://app.localhost/';

/** Signs the user in with a code and PKCE, and checks the ID token by the keys that are served. */
async function signIn(config, { scope = 'openid profile email offline_access', redirect = callback, options } = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const returned = await browse(address);
  client.enableNonRepudiationChecks(config);
  return client.authorizationCodeGrant(config, returned, { pkceCodeVerifier, expectedState, expectedNonce }, {}, options);
}

/** Docs: an assertion is for the endpoint that it is sent to; the library names the issuer. One for them all does for each. */
const forEndpoints = {
  [client.modifyAssertion]: (_, payload) => { payload.aud = ['token', 'introspect', 'revoke'].map(name => `${issuer}/v1/${name}`); },
};

const refuses = (status, error, description) => problem => {
  assert.equal(problem.status, status);
  assert.equal(problem.error, error);
  if (description) assert.equal(problem.error_description, description);
  return true;
};

test('openid-client: discovery by the OpenID and by the OAuth document', async () => {
  for (const algorithm of ['oidc', 'oauth2']) {
    const metadata = (await discover('basic', client.ClientSecretBasic(secret), { algorithm })).serverMetadata();
    assert.equal(metadata.issuer, issuer);
    assert.ok(metadata.supportsPKCE());
    assert.ok(metadata.scopes_supported.includes('orders:read') === false, 'a scope is not published unless it says so');
  }
});

for (const [id, how, authentication] of [
  ['basic', 'client_secret_basic', () => client.ClientSecretBasic(secret)],
  ['post', 'client_secret_post', () => client.ClientSecretPost(secret)],
  ['secret-jwt', 'client_secret_jwt', () => client.ClientSecretJwt(secret, forEndpoints)],
  ['key-jwt', 'private_key_jwt with RS256', async () => client.PrivateKeyJwt(await signingKey('RS256'), forEndpoints)],
  ['key-jwt', 'private_key_jwt with ES512', async () => client.PrivateKeyJwt(await signingKey('ES512'), forEndpoints)],
]) {
  test(`openid-client: client credentials by ${how}`, async () => {
    const config = await discover(id, await authentication());
    for (const scope of ['orders:read', 'orders:write orders:read']) {
      const answer = await client.clientCredentialsGrant(config, { scope });
      assert.equal(answer.token_type, 'bearer');
      assert.equal(answer.expires_in, 600);
      assert.deepEqual(answer.scope.split(' ').toSorted(), scope.split(' ').toSorted());
      assert.equal(claims(answer.access_token).sub, id);
      assert.equal((await client.tokenIntrospection(config, answer.access_token)).client_id, id);
    }
  });
}

test('openid-client: only the method of the client works, and only its secret', async () => {
  const other = await discover('basic', client.ClientSecretPost(secret));
  const description = 'Client authentication failed. Either the client or the client credentials are invalid.';
  await assert.rejects(client.clientCredentialsGrant(other, { scope: 'orders:read' }), refuses(401, 'invalid_client', description));
  const wrong = await discover('basic', client.ClientSecretBasic('wrong'));
  await assert.rejects(
    client.clientCredentialsGrant(wrong, { scope: 'orders:read' }),
    refuses(401, 'invalid_client', 'The client secret supplied for a confidential client is invalid.'),
  );
});

test('openid-client: errors of the token endpoint', async () => {
  const config = await basic();
  await assert.rejects(client.clientCredentialsGrant(config, { scope: 'orders:all' }), refuses(400, 'invalid_scope'));
  await assert.rejects(client.clientCredentialsGrant(config, { scope: 'openid' }), refuses(400, 'invalid_scope'));
  await assert.rejects(client.genericGrantRequest(config, 'urn:example', {}), refuses(400, 'unsupported_grant_type'));
});

test('openid-client: client credentials with DPoP', async () => {
  const config = await discover('bound', client.ClientSecretBasic(secret));
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
  const answer = await client.clientCredentialsGrant(config, { scope: 'orders:read' }, { DPoP });
  assert.equal(answer.token_type, 'dpop');
  assert.equal(claims(answer.access_token).cnf.jkt, await DPoP.calculateThumbprint());
  await assert.rejects(
    client.clientCredentialsGrant(config, { scope: 'orders:read' }),
    refuses(400, 'invalid_dpop_proof', 'The DPoP proof JWT header is missing.'),
  );
});

test('openid-client: a user signs in with a code, PKCE and a secret', async () => {
  const config = await web();
  const answer = await signIn(config);
  assert.equal(answer.claims().sub, ada);
  assert.equal(answer.claims().name, 'Ada Byron');
  assert.deepEqual(answer.claims().team, ['Developers']);
  assert.equal(claims(answer.access_token).aud, audience);
  const told = await client.fetchUserInfo(config, answer.access_token, ada);
  assert.equal(told.email, 'ada@example.com');
});

test('openid-client: a code is good once and with its verifier alone', async () => {
  const config = await page();
  const parameters = async verifier => ({
    redirect_uri: pageCallback,
    scope: 'openid',
    state: 'state',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const returned = await browse(client.buildAuthorizationUrl(config, await parameters(pkceCodeVerifier)));
  const exchange = verifier => client.authorizationCodeGrant(config, returned, { pkceCodeVerifier: verifier, expectedState: 'state' });
  await assert.rejects(exchange(client.randomPKCECodeVerifier()), refuses(400, 'invalid_grant'));
  await exchange(pkceCodeVerifier);
  await assert.rejects(exchange(pkceCodeVerifier), refuses(400, 'invalid_grant'));
});

test('openid-client: errors of the authorization endpoint', async () => {
  const config = await page();
  const address = client.buildAuthorizationUrl(config, { redirect_uri: pageCallback, scope: 'openid', state: 'state' });
  const returned = await browse(address);
  await assert.rejects(client.authorizationCodeGrant(config, returned, { expectedState: 'state' }), problem => {
    assert.equal(problem.code, 'OAUTH_AUTHORIZATION_RESPONSE_ERROR');
    assert.equal(problem.error, 'invalid_request');
    return true;
  });
});

test('openid-client: refresh tokens that stay and refresh tokens that rotate', async () => {
  const stays = await web();
  const first = await signIn(stays);
  const second = await client.refreshTokenGrant(stays, first.refresh_token);
  assert.equal(second.refresh_token, first.refresh_token);
  assert.notEqual(second.access_token, first.access_token);
  assert.equal(second.claims().sub, ada);

  const rotates = await page();
  const old = await signIn(rotates, { redirect: pageCallback });
  const fresh = await client.refreshTokenGrant(rotates, old.refresh_token);
  assert.notEqual(fresh.refresh_token, old.refresh_token);
  const invalid = refuses(400, 'invalid_grant', 'The refresh token is invalid or expired.');
  await assert.rejects(client.refreshTokenGrant(rotates, old.refresh_token), invalid);
  // Its use again ends the whole family.
  await assert.rejects(client.refreshTokenGrant(rotates, fresh.refresh_token), invalid);
});

test('openid-client: a native app with DPoP signs in, asks for the user and refreshes', async () => {
  const config = await discover('bound-native', client.None());
  const options = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair()) };
  const answer = await signIn(config, { redirect: nativeCallback, options });
  assert.equal(answer.token_type, 'dpop');
  assert.equal((await client.fetchUserInfo(config, answer.access_token, ada, options)).sub, ada);
  const next = await client.refreshTokenGrant(config, answer.refresh_token, {}, options);
  assert.equal(next.token_type, 'dpop');
});

test('openid-client: a signed request, and an ID token beside the code that tells its hash', async () => {
  const key = await signingKey('RS256');
  const config = await discover('signing-web', client.PrivateKeyJwt(key, forEndpoints));
  client.useCodeIdTokenResponseType(config);
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const parameters = {
    redirect_uri: callback,
    scope: 'openid email',
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  };
  const returned = await browse(await client.buildAuthorizationUrlWithJAR(config, parameters, key));
  assert.match(returned.hash, /id_token=/);
  const answer = await client.authorizationCodeGrant(config, returned, { pkceCodeVerifier, expectedState, expectedNonce });
  assert.equal(answer.claims().sub, ada);
});

test('openid-client: introspection and revocation', async () => {
  const config = await web();
  const answer = await signIn(config);
  const told = await client.tokenIntrospection(config, answer.access_token, { token_type_hint: 'access_token' });
  const own = claims(answer.access_token);
  assert.deepEqual(
    [told.active, told.username, told.client_id, told.uid, told.exp, told.token_type],
    [true, 'ada@example.com', 'web', ada, own.exp, 'Bearer'],
  );
  assert.equal((await client.tokenIntrospection(config, answer.refresh_token)).active, true);
  await client.tokenRevocation(config, answer.refresh_token, { token_type_hint: 'refresh_token' });
  const gone = { active: false };
  assert.deepEqual(await client.tokenIntrospection(config, answer.refresh_token), gone);
  assert.deepEqual(await client.tokenIntrospection(config, answer.access_token), gone);
  // A token that is unknown is not active, and no error.
  await client.tokenRevocation(config, 'unknown');
  assert.deepEqual(await client.tokenIntrospection(config, 'unknown'), gone);
});

test('openid-client: signing out', async () => {
  const config = await web();
  const answer = await signIn(config);
  const after = { post_logout_redirect_uri: 'https://web.example/', id_token_hint: answer.id_token, state: 'out' };
  const returned = await browse(client.buildEndSessionUrl(config, after));
  assert.equal(returned.href, 'https://web.example/?state=out');
});

test('openid-client: a token of the mock expires by the clock of the mock', async () => {
  const config = await web();
  const answer = await signIn(config);
  await later('11m', async () => {
    assert.deepEqual(await client.tokenIntrospection(config, answer.access_token), { active: false });
    await assert.rejects(client.fetchUserInfo(config, answer.access_token, ada), problem => {
      assert.equal(problem.code, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE');
      assert.deepEqual(problem.cause.map(({ scheme, parameters }) => [scheme, parameters.error]), [['bearer', 'invalid_token']]);
      return true;
    });
  });
});

test('openid-client: an ID token with a changed signature, and one of a key that is not among those known', async () => {
  const changed = await web();
  changed[client.customFetch] = async (...request) => {
    const answer = await fetch(...request);
    if (!request[0].endsWith('/token')) return answer;
    const body = await answer.json();
    return Response.json({ ...body, id_token: forged(body.id_token) });
  };
  await assert.rejects(signIn(changed), { code: 'OAUTH_INVALID_RESPONSE' });

  const config = await web();
  const before = await keySet();
  await rotate();
  client.enableNonRepudiationChecks(config);
  client.setJwksCache(config, { jwks: before, uat: Math.floor(Date.now() / 1000) });
  await assert.rejects(signIn(config), { message: /no applicable keys|unexpected JWT "kid"|error when selecting a JWT verification key/ });
  assert.equal((await signIn(await web())).claims().sub, ada);
});
