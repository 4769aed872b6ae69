// Associated servers: trust others, list them, stop trusting them.

import assert from 'node:assert/strict';
import test from 'node:test';

import { okta, withServer } from './sdk.mjs';

const { servers } = okta;

// The SDK sends these requests when the first page is asked for, also the one that is no list. No other page is: recorded
// of the service, its link to the next one leads to the list of all servers, and the SDK would go on there.
const firstPage = async collection => (await collection).getNextPage();

const list = parameters => firstPage(servers.listAssociatedServersByTrustedType(parameters));

const ids = found => found.map(({ id }) => id).toSorted();

test('associated servers: trust and its end', () =>
  withServer((server, at) =>
    withServer(one =>
      withServer(async two => {
        const trusted = [one.id, two.id];
        const answer = await firstPage(servers.createAssociatedServers({ ...at, associatedServerMediated: { trusted } }));
        assert.deepEqual(ids(answer), trusted.toSorted());
        const listed = await list({ ...at, trusted: true });
        assert.deepEqual(ids(listed), trusted.toSorted());
        // Recorded of the service: these servers come without links.
        assert.deepEqual(listed.map(other => other._links), [null, null]);
        assert.deepEqual(ids(await list({ ...at, trusted: true, q: one.name })), [one.id]);

        assert.equal(await servers.deleteAssociatedServer({ ...at, associatedServerId: one.id }), undefined);
        assert.deepEqual(ids(await list({ ...at, trusted: true })), [two.id]);
        assert.ok(ids(await list({ ...at, trusted: false })).includes(one.id));
      }))));
