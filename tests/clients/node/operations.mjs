// Runs last: nothing that the SDK can do with authorization servers was left out.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import { AuthorizationServerApi, OAuth2ResourceServerCredentialsKeysApi, calls } from './sdk.mjs';

const operations = [AuthorizationServerApi, OAuth2ResourceServerCredentialsKeysApi]
  .flatMap(area => Object.getOwnPropertyNames(area.prototype))
  .filter(name => name !== 'constructor');

test('every operation was called', () => {
  assert.equal(operations.length, 48);
  assert.deepEqual(operations.filter(name => !calls.has(name)), []);
});

after(() => {
  const total = [...calls.values()].reduce((sum, times) => sum + times, 0);
  console.log(`${total} calls of ${calls.size} methods of the SDK`);
});
