// Claims: create, read, list, replace, delete.

import assert from 'node:assert/strict';
import test from 'node:test';

import { all, okta, refusal, withServer } from './sdk.mjs';

const { servers } = okta;

const department = {
  name: 'department',
  status: 'ACTIVE',
  claimType: 'IDENTITY',
  valueType: 'EXPRESSION',
  value: 'user.department',
  alwaysIncludeInToken: true,
  conditions: { scopes: ['profile'] },
};

const make = (at, members) => servers.createOAuth2Claim({ ...at, oAuth2Claim: { ...department, ...members } });

/** The members of a claim that a client sends. */
function told({ name, status, claimType, valueType, value, alwaysIncludeInToken, conditions: { scopes } }) {
  return { name, status, claimType, valueType, value, alwaysIncludeInToken, conditions: { scopes } };
}

test('claims: a new server has those of the system', () =>
  withServer(async (_, at) => {
    const claims = await all(servers.listOAuth2Claims(at));
    assert.equal(claims.length, 19);
    assert.ok(claims.every(claim => claim.system));
    const named = new Map(claims.map(claim => [claim.name, claim]));
    assert.equal(named.get('sub').claimType, 'RESOURCE');
    assert.equal(named.get('sub').value, '(appuser != null) ? appuser.userName : app.clientId');
    assert.equal(named.get('email').valueType, 'SYSTEM');
    assert.deepEqual(named.get('email').conditions.scopes, ['email']);
  }));

test('claims: a created one is read back', () =>
  withServer(async (_, at) => {
    const made = await make(at);
    assert.deepEqual(told(made), department);
    assert.equal(made.system, false);
    assert.deepEqual(await servers.getOAuth2Claim({ ...at, claimId: made.id }), made);
    assert.ok((await all(servers.listOAuth2Claims(at))).some(({ id }) => id === made.id));
  }));

test('claims: one of groups', () =>
  withServer(async (_, at) => {
    const made = await make(at, { name: 'teams', valueType: 'GROUPS', group_filter_type: 'STARTS_WITH', value: 'team-' });
    assert.equal(made.valueType, 'GROUPS');
    assert.equal(made.group_filter_type, 'STARTS_WITH');
    assert.equal(made.value, 'team-');
  }));

test('claims: replace', () =>
  withServer(async (_, at) => {
    const { id } = await make(at);
    const wanted = { ...department, name: 'unit', value: 'user.division', status: 'INACTIVE', claimType: 'RESOURCE' };
    const answer = await servers.replaceOAuth2Claim({ ...at, claimId: id, oAuth2Claim: wanted });
    assert.equal(answer.id, id);
    assert.deepEqual(told(answer), wanted);
    assert.deepEqual(await servers.getOAuth2Claim({ ...at, claimId: id }), answer);
  }));

test('claims: a deleted one is gone', () =>
  withServer(async (_, at) => {
    const { id } = await make(at);
    assert.equal(await servers.deleteOAuth2Claim({ ...at, claimId: id }), undefined);
    await assert.rejects(
      servers.getOAuth2Claim({ ...at, claimId: id }),
      refusal(404, 'E0000007', `Not found: Resource not found: ${id} (OAuth2Claim)`),
    );
  }));
