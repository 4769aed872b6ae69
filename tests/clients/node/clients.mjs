// Clients that hold refresh tokens, and the tokens, which the mock was started with: list, read, pages, revoke.

import assert from 'node:assert/strict';
import test from 'node:test';

import { address, all, okta, pages, refusal, withServer } from './sdk.mjs';

const { servers } = okta;

// As planted by state.yaml.
const authServerId = 'ausClientsServer0001';
const shop = { authServerId, clientId: '0oaClientsShop000001' };
const desk = { authServerId, clientId: '0oaClientsDesk000001' };

const tokens = of => servers.listRefreshTokensForAuthorizationServerAndClient(of);

test('clients: those of a server', async () => {
  const clients = await all(servers.listOAuth2ClientsForAuthorizationServer({ authServerId }));
  const named = new Map(clients.map(client => [client.client_id, client]));
  assert.deepEqual([...named.keys()].toSorted(), [desk.clientId, shop.clientId]);
  const client = named.get(shop.clientId);
  assert.equal(client.client_name, 'Shop');
  assert.equal(client.client_uri, 'https://shop.example.com');
  assert.equal(client.logo_uri, 'https://shop.example.com/logo.png');
  const here = `${address}/api/v1/authorizationServers/${authServerId}/clients/${shop.clientId}`;
  assert.equal(client._links.tokens.href, `${here}/tokens`);
});

test('clients: a server without tokens has none', () =>
  withServer(async (_, at) => assert.deepEqual(await all(servers.listOAuth2ClientsForAuthorizationServer(at)), [])));

test('refresh tokens: one is read', async () => {
  const listed = await all(tokens(shop));
  assert.equal(listed.length, 5);
  const token = await servers.getRefreshTokenForAuthorizationServerAndClient({ ...shop, tokenId: listed[0].id });
  assert.deepEqual(token, listed[0]);
  assert.equal(token.clientId, shop.clientId);
  assert.equal(token.userId, '00uClientsUser000001');
  assert.equal(token.status, 'ACTIVE');
  assert.equal(token.issuer, `${address}/oauth2/${authServerId}`);
  assert.deepEqual(token.scopes, ['openid', 'offline_access']);
  assert.ok(token.expiresAt > token.created);
  assert.equal(token._embedded, undefined);
});

test('refresh tokens: their scopes can be embedded', async () => {
  const [token] = await all(tokens({ ...shop, expand: 'scope' }));
  assert.deepEqual(token._embedded.scopes.map(({ name }) => name).toSorted(), ['offline_access', 'openid']);
});

test('refresh tokens: pages have every one once', async () => {
  const whole = await all(tokens(shop));
  const found = await pages(tokens({ ...shop, limit: 2 }));
  assert.deepEqual(found.map(page => page.length).filter(length => length > 0), [2, 2, 1]);
  assert.deepEqual(found.flat().map(({ id }) => id).toSorted(), whole.map(({ id }) => id).toSorted());
});

test('refresh tokens: they are revoked', async () => {
  const [first, second] = await all(tokens(desk));
  const one = { ...desk, tokenId: first.id };
  assert.equal(await servers.revokeRefreshTokenForAuthorizationServerAndClient(one), undefined);
  assert.deepEqual(await all(tokens(desk)), [second]);
  await assert.rejects(servers.getRefreshTokenForAuthorizationServerAndClient(one), refusal(404, 'E0000007'));
  assert.equal(await servers.revokeRefreshTokensForAuthorizationServerAndClient(desk), undefined);
  assert.deepEqual(await all(tokens(desk)), []);
});

test('refresh tokens: of a client that nobody knows', () =>
  assert.rejects(
    all(tokens({ authServerId, clientId: '0oaNobodyHasThis0001' })),
    refusal(404, 'E0000007', 'Not found: Resource not found: 0oaNobodyHasThis0001 (PublicClientApp)'),
  ));
