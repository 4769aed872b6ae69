// Authorization servers: create, read, list, search, pages, replace, lifecycle, delete.

import assert from 'node:assert/strict';
import test from 'node:test';

import { address, all, okta, pages, refusal, unique, withServer } from './sdk.mjs';

const { servers } = okta;
const DAY = 86_400_000;

test('servers: a created one is read back', () =>
  withServer(async (server, at) => {
    assert.equal(server.description, 'made by a test');
    assert.deepEqual(server.audiences, [`api://${server.name}`]);
    assert.equal(server.status, 'ACTIVE');
    assert.equal(server.issuer, `${address}/oauth2/${server.id}`);
    const { signing } = server.credentials;
    assert.equal(signing.rotationMode, 'AUTO');
    assert.equal(signing.nextRotation - signing.lastRotated, 90 * DAY);
    assert.ok(server.created instanceof Date);
    assert.deepEqual(await servers.getAuthorizationServer(at), server);
  }));

test('servers: links lead to the server', () =>
  withServer(async server => {
    const here = `${address}/api/v1/authorizationServers/${server.id}`;
    assert.equal(server._links.self.href, here);
    assert.equal(server._links.scopes.href, `${here}/scopes`);
    assert.deepEqual(server._links.policies.hints.allow, ['GET', 'POST']);
    assert.deepEqual(server._links.metadata.map(link => link.name), ['oauth-authorization-server', 'openid-configuration']);
  }));

test('servers: the description may be left out', async () => {
  const name = unique();
  const made = await servers.createAuthorizationServer({ authorizationServer: { name, audiences: [`api://${name}`] } });
  assert.equal(made.description, null);
  await servers.deleteAuthorizationServer({ authServerId: made.id });
});

test('servers: the default one is found by its alias', async () => {
  const server = await servers.getAuthorizationServer({ authServerId: 'default' });
  assert.notEqual(server.id, 'default');
  assert.equal(server.issuer, `${address}/oauth2/default`);
  assert.deepEqual(await servers.getAuthorizationServer({ authServerId: server.id }), server);
});

test('servers: the list has the new one, and a search finds it', () =>
  withServer(async server => {
    const ids = async parameters => (await all(servers.listAuthorizationServers(parameters))).map(({ id }) => id);
    assert.ok((await ids()).includes(server.id));
    assert.ok((await ids({ q: server.name })).includes(server.id));
    assert.ok((await ids({ q: server.audiences[0] })).includes(server.id));
    assert.deepEqual(await ids({ q: `${server.name}-nobody-has-this` }), []);
  }));

test('servers: pages have every one once', async () => {
  const name = unique();
  const made = [];
  for (let number = 0; number < 5; number += 1) {
    made.push(await servers.createAuthorizationServer({
      authorizationServer: { name: `${name}-page-${number}`, audiences: [`api://${name}`] },
    }));
  }
  const search = { q: `${name}-page`, limit: 2 };
  const found = await pages(servers.listAuthorizationServers(search));
  // The service may end with an empty page.
  assert.deepEqual(found.map(page => page.length).filter(length => length > 0), [2, 2, 1]);
  const ids = found.flat().map(({ id }) => id);
  assert.deepEqual(ids.toSorted(), made.map(({ id }) => id).toSorted());
  assert.deepEqual((await all(servers.listAuthorizationServers(search))).map(({ id }) => id), ids);
  for (const { id } of made) await servers.deleteAuthorizationServer({ authServerId: id });
});

test('servers: replace', () =>
  withServer(async (server, at) => {
    const answer = await servers.replaceAuthorizationServer({
      ...at,
      authorizationServer: {
        name: `${server.name}-new`,
        description: 'replaced',
        audiences: ['api://other'],
        issuerMode: 'ORG_URL',
        credentials: { signing: { rotationMode: 'MANUAL' } },
      },
    });
    assert.deepEqual([answer.id, answer.name, answer.description], [server.id, `${server.name}-new`, 'replaced']);
    assert.deepEqual(answer.audiences, ['api://other']);
    assert.equal(answer.issuerMode, 'ORG_URL');
    assert.equal(answer.credentials.signing.rotationMode, 'MANUAL');
    assert.equal(answer.credentials.signing.nextRotation, undefined);
    assert.equal(answer.credentials.signing.kid, server.credentials.signing.kid);
    const read = await servers.getAuthorizationServer(at);
    assert.equal(read.name, answer.name);
    assert.ok(server.lastUpdated <= answer.lastUpdated && answer.lastUpdated <= read.lastUpdated);
  }));

test('servers: what was read can be sent back', () =>
  withServer(async (server, at) => {
    server.description = 'sent back whole';
    const answer = await servers.replaceAuthorizationServer({ ...at, authorizationServer: server });
    assert.equal(answer.description, 'sent back whole');
    assert.deepEqual(answer.created, server.created);
  }));

test('servers: lifecycle', () =>
  withServer(async (_, at) => {
    assert.equal(await servers.deactivateAuthorizationServer(at), undefined);
    const inactive = await servers.getAuthorizationServer(at);
    assert.equal(inactive.status, 'INACTIVE');
    assert.equal(inactive._links.deactivate, undefined);
    assert.equal(await servers.activateAuthorizationServer(at), undefined);
    // Once more changes nothing.
    assert.equal(await servers.activateAuthorizationServer(at), undefined);
    const active = await servers.getAuthorizationServer(at);
    assert.equal(active.status, 'ACTIVE');
    assert.match(active._links.deactivate.href, /\/lifecycle\/deactivate$/);
  }));

test('servers: a deleted one is gone', async () => {
  const name = unique();
  const { id } = await servers.createAuthorizationServer({ authorizationServer: { name, audiences: [`api://${name}`] } });
  assert.equal(await servers.deleteAuthorizationServer({ authServerId: id }), undefined);
  await assert.rejects(
    servers.getAuthorizationServer({ authServerId: id }),
    refusal(404, 'E0000007', `Not found: Resource not found: ${id} (AuthorizationServer)`),
  );
  assert.ok(!(await all(servers.listAuthorizationServers())).some(server => server.id === id));
});
