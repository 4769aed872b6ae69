// A page in Chromium that signs in with okta-auth-js: of an origin that the client trusts, with and without DPoP, and of another.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'node:test';

import { inBrowser } from './driver.mjs';
import { ada, issuer } from './mock.mjs';

const [app, bound, stranger] = ['app.localhost', 'bound.localhost', 'stranger.localhost'];

// The page before and after the way to the authorization server. What came of it is in `done`.
const page = `<!DOCTYPE html><title>An application</title><script src="/okta-auth-js.js"></script><script>
const dpop = location.hostname === 'bound.localhost';
const sdk = new OktaAuth({
  issuer: ${JSON.stringify(issuer)}, clientId: dpop ? 'bound-page' : 'page', dpop, redirectUri: location.origin + '/',
  scopes: ['openid', 'profile', 'email', 'offline_access'],
});
async function signIn() {
  const { tokens } = await sdk.token.parseFromUrl();
  sdk.tokenManager.setTokens(tokens);
  const told = await sdk.token.getUserInfo();
  const renewed = await sdk.token.renewTokens();
  const { active } = await sdk.token.introspect('accessToken', renewed.accessToken);
  await sdk.revokeAccessToken(renewed.accessToken);
  const after = await sdk.token.introspect('accessToken', renewed.accessToken);
  return { told, active, after: after.active, kind: renewed.accessToken.tokenType, rotated: renewed.refreshToken.refreshToken !== tokens.refreshToken.refreshToken };
}
window.done = sdk.isLoginRedirect() ? signIn().catch(error => ({ error: String(error) })) : undefined;
</script>`;

/** The page and the library, on a free port. */
async function served(act) {
  const library = createRequire(import.meta.url).resolve('@okta/okta-auth-js');
  const bundle = readFileSync(join(dirname(library), '../../dist/okta-auth-js.min.js'));
  const server = createServer((request, response) => {
    const isLibrary = request.url === '/okta-auth-js.js';
    response.setHeader('content-type', isLibrary ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isLibrary ? bundle : page);
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  try {
    return await act(server.address().port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Opens the page of a host, lets it sign in, and gives what came of it to `check`. */
async function visited(t, host, check) {
  const ran = await served(port => inBrowser([app, bound, stranger], port, async browser => {
    await browser.open(`http://${host}/`);
    assert.equal(await browser.run('return location.origin'), `http://${host}`);
    await browser.run('sdk.token.getWithRedirect().catch(error => { window.done = { error: String(error) }; })');
    const deadline = Date.now() + 30_000;
    let came;
    do {
      assert.ok(Date.now() < deadline, 'the browser does not come back');
      came = await browser.run('return window.done && await window.done').catch(() => undefined);
    } while (!came);
    await check(came, browser);
  }));
  if (!ran) t.skip('there is no chromedriver (on Debian: apt-get install chromium chromium-driver)');
}

for (const [host, kind] of [[app, 'Bearer'], [bound, 'DPoP']]) {
  test(`a page signs in with PKCE, asks for the user, renews, introspects and revokes: ${kind}`, t =>
    visited(t, host, async (came, browser) => {
      assert.equal(came.error, undefined, JSON.stringify(await browser.console()));
      assert.deepEqual([came.told.sub, came.told.email], [ada, 'ada@example.com']);
      assert.deepEqual([came.kind, came.active, came.after, came.rotated], [kind, true, false, true]);
    }));
}

test('a page of an origin that the client does not trust gets a code, and no token', t =>
  visited(t, stranger, async (came, browser) => {
    assert.ok(came.error, JSON.stringify(came));
    const said = (await browser.console()).map(entry => entry.message).join('\n');
    assert.match(said, /v1\/token' from origin 'http:\/\/stranger\.localhost' has been blocked by CORS policy/);
    // What everybody may read, it reads.
    const keys = await browser.run(`return (await (await fetch('${issuer}/v1/keys')).json()).keys.length`);
    assert.ok(keys >= 1);
  }));
