// Keys that tokens are encrypted for: add, read, list, activate, deactivate, delete.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import test from 'node:test';

import { all, okta, refusal, withServer } from './sdk.mjs';

const { encryption } = okta;

/** The public part of a new pair. */
function key(kid) {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return { ...publicKey.export({ format: 'jwk' }), use: 'enc', kid, status: 'INACTIVE' };
}

const add = (at, sent) =>
  encryption.addOAuth2ResourceServerJsonWebKey({ ...at, oAuth2ResourceServerJsonWebKeyRequestBody: sent });

const statuses = async at =>
  Object.fromEntries((await all(encryption.listOAuth2ResourceServerJsonWebKeys(at))).map(({ kid, status }) => [kid, status]));

test('resource server keys: an added one is read back', () =>
  withServer(async (_, at) => {
    const sent = key('first');
    const made = await add(at, sent);
    const { kty, use, e, n, kid, status } = made;
    assert.deepEqual({ kty, use, e, n, kid, status }, { ...sent });
    assert.deepEqual(await encryption.getOAuth2ResourceServerJsonWebKey({ ...at, keyId: made.id }), made);
    assert.deepEqual(await all(encryption.listOAuth2ResourceServerJsonWebKeys(at)), [made]);
  }));

test('resource server keys: one is active', () =>
  withServer(async (_, at) => {
    const first = { ...at, keyId: (await add(at, key('one'))).id };
    const second = { ...at, keyId: (await add(at, key('two'))).id };
    // Unlike other lifecycle operations, these answer with the key.
    assert.equal((await encryption.activateOAuth2ResourceServerJsonWebKey(first)).status, 'ACTIVE');
    assert.equal((await encryption.activateOAuth2ResourceServerJsonWebKey(second)).status, 'ACTIVE');
    assert.deepEqual(await statuses(at), { one: 'INACTIVE', two: 'ACTIVE' });
    await assert.rejects(encryption.deleteOAuth2ResourceServerJsonWebKey(second), refusal(400, 'E0000001'));
    assert.equal((await encryption.deactivateOAuth2ResourceServerJsonWebKey(second)).status, 'INACTIVE');
    assert.equal(await encryption.deleteOAuth2ResourceServerJsonWebKey(second), undefined);
    assert.deepEqual(await statuses(at), { one: 'INACTIVE' });
  }));
