// Where the mock is, who its clients are (state.yaml), and what no library does: browse, rotate keys, move clocks.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mock } from 'node:test';

const { MOCK_URL: org, MOCK_ADMIN: admin, MOCK_TOKEN: token, KEY_RS256, KEY_ES512 } = process.env;
assert.ok(org && admin && token && KEY_RS256 && KEY_ES512, 'the script `run` says where the mock is');

export { org };
export const issuer = `${org}/oauth2/ausOAuthClients`;
export const audience = 'api://oauth-clients';
export const secret = 'a secret of at least 32 characters';
export const ada = '00uAda';
export const callback = 'https://web.example/callback';
export const nativeCallback = 'com.example.app:/callback';

/** A private key of the client `key-jwt` with its name. */
export async function signingKey(algorithm) {
  const files = { RS256: KEY_RS256, ES512: KEY_ES512 };
  const imports = { RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, ES512: { name: 'ECDSA', namedCurve: 'P-521' } };
  const jwk = JSON.parse(readFileSync(files[algorithm], 'utf8'));
  return { kid: jwk.kid, key: await crypto.subtle.importKey('jwk', jwk, imports[algorithm], false, ['sign']) };
}

/** Does what a browser does with the address of an authorization request: the address that it is sent back to. */
export async function browse(address) {
  const answer = await fetch(address, { redirect: 'manual' });
  assert.equal(answer.status, 302, await answer.text());
  return new URL(answer.headers.get('location'));
}

/** A token whose signature is another one. */
export function forged(jwt) {
  const [head, claims, signature] = jwt.split('.');
  return [head, claims, (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)].join('.');
}

/** The claims of a token, unverified. */
export const claims = jwt => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));

/** The next key of the server signs from now on. */
export async function rotate() {
  const answer = await fetch(`${org}/api/v1/authorizationServers/ausOAuthClients/credentials/lifecycle/keyRotate`, {
    method: 'POST',
    headers: { authorization: `SSWS ${token}`, 'content-type': 'application/json' },
    body: '{"use":"sig"}',
  });
  assert.equal(answer.status, 200, await answer.text());
}

export const keySet = async () => (await fetch(`${issuer}/v1/keys`)).json();

const steer = async (path, body) => {
  const answer = await fetch(`${admin}${path}`, { method: 'POST', body: body && JSON.stringify(body) });
  assert.ok(answer.ok, await answer.text());
};

/** Moves the clock of the mock forward while `act` runs, and puts the org back to the start. */
export async function later(advance, act) {
  await steer('clock', { advance });
  try {
    await act();
  } finally {
    await steer('reset');
  }
}

/** Moves the clock of this process forward, which is the one that verifiers ask, while `act` runs. */
export async function withClockAhead(seconds, act) {
  mock.timers.enable({ apis: ['Date'], now: Date.now() + seconds * 1000 });
  try {
    await act();
  } finally {
    mock.timers.reset();
  }
}
