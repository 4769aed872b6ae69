// Policy rules: create, read, list, order, replace, lifecycle, delete.

import assert from 'node:assert/strict';
import test from 'node:test';

import { makePolicy } from './policies.mjs';
import { all, okta, refusal, withServer } from './sdk.mjs';

const { servers } = okta;

function rule({ name = 'People', minutes = 60, grants = ['authorization_code'], people = ['EVERYONE'] } = {}) {
  return {
    type: 'RESOURCE_ACCESS',
    name,
    conditions: {
      grantTypes: { include: grants },
      ...(people && { people: { groups: { include: people } } }),
      scopes: { include: ['*'] },
    },
    actions: {
      token: { accessTokenLifetimeMinutes: minutes, refreshTokenLifetimeMinutes: 0, refreshTokenWindowMinutes: 10_080 },
    },
  };
}

const withPolicy = work =>
  withServer(async (_, at) => {
    const { id } = await makePolicy(at);
    await work({ ...at, policyId: id });
  });

const make = (at, members) => servers.createAuthorizationServerPolicyRule({ ...at, policyRule: rule(members) });

test('rules: a created one is read back', () =>
  withPolicy(async at => {
    const made = await make(at, { grants: ['authorization_code', 'client_credentials'] });
    assert.deepEqual([made.name, made.type, made.status, made.system], ['People', 'RESOURCE_ACCESS', 'ACTIVE', false]);
    // The service does not keep their order.
    assert.deepEqual(made.conditions.grantTypes.include.toSorted(), ['authorization_code', 'client_credentials']);
    assert.deepEqual(made.conditions.people.groups.include, ['EVERYONE']);
    assert.deepEqual(made.conditions.scopes.include, ['*']);
    assert.equal(made.actions.token.accessTokenLifetimeMinutes, 60);
    assert.equal(made.actions.token.refreshTokenLifetimeMinutes, 0);
    assert.equal(made.actions.token.refreshTokenWindowMinutes, 10_080);
    assert.deepEqual(await servers.getAuthorizationServerPolicyRule({ ...at, ruleId: made.id }), made);
    assert.deepEqual(await all(servers.listAuthorizationServerPolicyRules(at)), [made]);
  }));

test('rules: client credentials need no people', () =>
  withPolicy(async at => {
    const made = await make(at, { grants: ['client_credentials'], people: null });
    assert.deepEqual(made.conditions.grantTypes.include, ['client_credentials']);
    assert.equal(made.conditions.people.groups, undefined);
  }));

test('rules: they are numbered in order', () =>
  withPolicy(async at => {
    const made = [];
    for (const name of ['First', 'Second', 'Third']) made.push(await make(at, { name }));
    assert.deepEqual(made.map(({ priority }) => priority), [1, 2, 3]);
    const listed = await all(servers.listAuthorizationServerPolicyRules(at));
    const order = rules => Object.fromEntries(rules.map(({ id, priority }) => [id, priority]));
    assert.deepEqual(order(listed), order(made));
  }));

test('rules: replace', () =>
  withPolicy(async at => {
    const { id } = await make(at);
    const policyRule = rule({ name: 'Shorter', minutes: 5 });
    const answer = await servers.replaceAuthorizationServerPolicyRule({ ...at, ruleId: id, policyRule });
    assert.deepEqual([answer.id, answer.name], [id, 'Shorter']);
    assert.equal(answer.actions.token.accessTokenLifetimeMinutes, 5);
    const read = await servers.getAuthorizationServerPolicyRule({ ...at, ruleId: id });
    assert.deepEqual([read.name, read.actions, read.conditions], [answer.name, answer.actions, answer.conditions]);
  }));

test('rules: lifecycle', () =>
  withPolicy(async at => {
    const one = { ...at, ruleId: (await make(at)).id };
    assert.equal(await servers.deactivateAuthorizationServerPolicyRule(one), undefined);
    assert.equal((await servers.getAuthorizationServerPolicyRule(one)).status, 'INACTIVE');
    assert.equal(await servers.activateAuthorizationServerPolicyRule(one), undefined);
    assert.equal((await servers.getAuthorizationServerPolicyRule(one)).status, 'ACTIVE');
  }));

test('rules: a grant for people needs people', () =>
  withPolicy(at =>
    assert.rejects(make(at, { people: null }), refusal(400, 'E0000001', 'Api validation failed: conditions.people'))));

test('rules: a deleted one is gone', () =>
  withPolicy(async at => {
    const one = { ...at, ruleId: (await make(at)).id };
    assert.equal(await servers.deleteAuthorizationServerPolicyRule(one), undefined);
    await assert.rejects(
      servers.deactivateAuthorizationServerPolicyRule(one),
      refusal(404, 'E0000007', `Not found: Resource not found: ${one.ruleId} (PolicyRule)`),
    );
    assert.deepEqual(await all(servers.listAuthorizationServerPolicyRules(at)), []);
  }));
