// Policies: create, read, list, replace, lifecycle, delete.

import assert from 'node:assert/strict';
import test from 'node:test';

import { all, okta, refusal, withServer } from './sdk.mjs';

const { servers } = okta;

const forAll = {
  type: 'OAUTH_AUTHORIZATION_POLICY',
  name: 'All clients',
  description: 'For every client',
  status: 'ACTIVE',
  priority: 1,
  conditions: { clients: { include: ['ALL_CLIENTS'] } },
};

export const makePolicy = at => servers.createAuthorizationServerPolicy({ ...at, policy: forAll });

test('policies: a created one is read back', () =>
  withServer(async (_, at) => {
    const made = await makePolicy(at);
    const { type, name, description, status, priority } = made;
    assert.deepEqual({ type, name, description, status, priority, conditions: forAll.conditions }, forAll);
    assert.deepEqual(made.conditions.clients.include, ['ALL_CLIENTS']);
    assert.equal(made.system, false);
    assert.ok(made._links.rules.href.endsWith(`/policies/${made.id}/rules`));
    assert.deepEqual(await servers.getAuthorizationServerPolicy({ ...at, policyId: made.id }), made);
    assert.deepEqual(await all(servers.listAuthorizationServerPolicies(at)), [made]);
  }));

test('policies: replace', () =>
  withServer(async (_, at) => {
    const made = await makePolicy(at);
    const policy = { ...forAll, name: 'One client', conditions: { clients: { include: ['0oaClientsShop000001'] } } };
    const answer = await servers.replaceAuthorizationServerPolicy({ ...at, policyId: made.id, policy });
    assert.deepEqual([answer.id, answer.name], [made.id, 'One client']);
    assert.deepEqual(answer.conditions.clients.include, ['0oaClientsShop000001']);
    assert.deepEqual(answer.created, made.created);
    assert.ok(answer.lastUpdated >= made.lastUpdated);
    assert.equal((await servers.getAuthorizationServerPolicy({ ...at, policyId: made.id })).name, 'One client');
  }));

test('policies: lifecycle', () =>
  withServer(async (_, at) => {
    const one = { ...at, policyId: (await makePolicy(at)).id };
    assert.equal(await servers.deactivateAuthorizationServerPolicy(one), undefined);
    assert.equal((await servers.getAuthorizationServerPolicy(one)).status, 'INACTIVE');
    assert.equal(await servers.activateAuthorizationServerPolicy(one), undefined);
    assert.equal((await servers.getAuthorizationServerPolicy(one)).status, 'ACTIVE');
  }));

test('policies: a deleted one is gone', () =>
  withServer(async (_, at) => {
    const { id } = await makePolicy(at);
    assert.equal(await servers.deleteAuthorizationServerPolicy({ ...at, policyId: id }), undefined);
    await assert.rejects(
      servers.getAuthorizationServerPolicy({ ...at, policyId: id }),
      refusal(404, 'E0000007', `Not found: Resource not found: ${id} (Policy)`),
    );
    assert.deepEqual(await all(servers.listAuthorizationServerPolicies(at)), []);
  }));
