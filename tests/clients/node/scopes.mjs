// Scopes: create, read, list, search, pages, replace, delete.

import assert from 'node:assert/strict';
import test from 'node:test';

import { all, okta, pages, refusal, withServer } from './sdk.mjs';

const { servers } = okta;
const SYSTEM = ['address', 'email', 'offline_access', 'openid', 'phone', 'profile'];

const make = (at, name) => servers.createOAuth2Scope({ ...at, oAuth2Scope: { name } });

test('scopes: a new server has those of the system', () =>
  withServer(async (_, at) => {
    const scopes = await all(servers.listOAuth2Scopes(at));
    const named = new Map(scopes.map(scope => [scope.name, scope]));
    assert.deepEqual(SYSTEM.filter(name => !named.has(name)), []);
    assert.ok(scopes.every(scope => scope.system));
    assert.equal(named.get('openid').description, 'Signals that a request is an OpenID request.');
    assert.equal(named.get('openid').metadataPublish, 'ALL_CLIENTS');
  }));

test('scopes: a name is enough', () =>
  withServer(async (_, at) => {
    const scope = await make(at, 'orders:read');
    const { name, description, system, consent, metadataPublish, optional } = scope;
    assert.deepEqual(
      { name, description, system, consent, metadataPublish, optional, default: scope._default },
      {
        name: 'orders:read',
        description: null,
        system: false,
        consent: 'IMPLICIT',
        metadataPublish: 'NO_CLIENTS',
        optional: false,
        default: false,
      },
    );
    assert.deepEqual(await servers.getOAuth2Scope({ ...at, scopeId: scope.id }), scope);
    assert.ok((await all(servers.listOAuth2Scopes(at))).some(({ id }) => id === scope.id));
  }));

test('scopes: replace can rename', () =>
  withServer(async (_, at) => {
    const scope = await make(at, 'orders:read');
    const wanted = {
      name: 'orders:write',
      displayName: 'Change orders',
      description: 'Lets an app change orders',
      consent: 'REQUIRED',
      metadataPublish: 'ALL_CLIENTS',
    };
    const answer = await servers.replaceOAuth2Scope({ ...at, scopeId: scope.id, oAuth2Scope: wanted });
    const { name, displayName, description, consent, metadataPublish } = answer;
    assert.deepEqual({ name, displayName, description, consent, metadataPublish }, wanted);
    assert.equal(answer.id, scope.id);
    assert.deepEqual(await servers.getOAuth2Scope({ ...at, scopeId: scope.id }), answer);
  }));

test('scopes: replace without saying where it is published', () =>
  withServer(async (_, at) => {
    const scope = await make(at, 'orders:read');
    delete scope.metadataPublish;
    scope.description = 'Lets an app read orders';
    const answer = await servers.replaceOAuth2Scope({ ...at, scopeId: scope.id, oAuth2Scope: scope });
    assert.deepEqual([answer.description, answer.metadataPublish], [scope.description, 'NO_CLIENTS']);
  }));

test('scopes: search and filter', () =>
  withServer(async (_, at) => {
    const scope = await make(at, 'needle:read');
    assert.deepEqual(await all(servers.listOAuth2Scopes({ ...at, q: 'needle' })), [scope]);
    assert.deepEqual(await all(servers.listOAuth2Scopes({ ...at, filter: 'name eq "needle:read"' })), [scope]);
  }));

test('scopes: pages have every one once', () =>
  withServer(async (_, at) => {
    for (let number = 0; number < 4; number += 1) await make(at, `page:${number}`);
    const whole = await all(servers.listOAuth2Scopes(at));
    const found = await pages(servers.listOAuth2Scopes({ ...at, limit: 3 }));
    assert.equal(found.filter(page => page.length > 0).length, Math.ceil(whole.length / 3));
    assert.ok(found.every(page => page.length <= 3));
    assert.deepEqual(found.flat().map(({ id }) => id).toSorted(), whole.map(({ id }) => id).toSorted());
  }));

test('scopes: a deleted one is gone', () =>
  withServer(async (_, at) => {
    const { id } = await make(at, 'orders:read');
    assert.equal(await servers.deleteOAuth2Scope({ ...at, scopeId: id }), undefined);
    await assert.rejects(
      servers.getOAuth2Scope({ ...at, scopeId: id }),
      refusal(404, 'E0000007', `Not found: Resource not found: ${id} (OAuth2Scope)`),
    );
  }));
