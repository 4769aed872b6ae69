// The vendor's client as the tests use it: without its cache, so that what is read is what the service says, and with every call counted.

import { createRequire } from 'node:module';

// The SDK is CommonJS and names its exports while it runs.
const sdk = createRequire(import.meta.url)('@okta/okta-sdk-nodejs');

export const { OktaApiError, DefaultRequestExecutor, AuthorizationServerApi, OAuth2ResourceServerCredentialsKeysApi } = sdk;

export const address = process.env.OKTA_CLIENT_ORGURL;

/** How often each operation was called. */
export const calls = new Map();

function counted(api) {
  return new Proxy(api, {
    get(target, name) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...parameters) => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        return member.apply(target, parameters);
      };
    },
  });
}

/** The two areas of the SDK that know authorization servers. */
export function connect(settings) {
  const client = new sdk.Client({ orgUrl: address, cacheMiddleware: null, ...settings });
  return {
    servers: counted(client.authorizationServerApi),
    encryption: counted(client.oauth2ResourceServerCredentialsKeysApi),
  };
}

export const okta = connect({ token: process.env.OKTA_CLIENT_TOKEN });

/** All items of a list, through as many pages as there are. */
export async function all(collection) {
  const items = [];
  for await (const item of await collection) {
    // The SDK ends a list that has no items, or an empty last page, with a null.
    if (item !== null) items.push(item);
  }
  return items;
}

/** The pages of a list, one by one. */
export async function pages(collection) {
  const list = await collection;
  const found = [];
  while (list.nextUri) found.push(await list.getNextPage());
  return found;
}

let number = 0;

/** A name that no other test has. */
export function unique() {
  number += 1;
  return `node-${number}`;
}

/** Runs `work` with a new authorization server, which is deleted afterwards. */
export async function withServer(work) {
  const name = unique();
  const server = await okta.servers.createAuthorizationServer({
    authorizationServer: { name, description: 'made by a test', audiences: [`api://${name}`] },
  });
  try {
    await work(server, { authServerId: server.id });
  } finally {
    await okta.servers.deleteAuthorizationServer({ authServerId: server.id });
  }
}

/** What `assert.rejects` is given: the SDK's own error, with these members. */
export function refusal(status, errorCode, errorSummary) {
  return error => {
    if (!(error instanceof OktaApiError)) throw error;
    const summary = errorSummary === undefined || error.errorSummary === errorSummary;
    if (error.status !== status || error.errorCode !== errorCode || !summary) throw error;
    return Array.isArray(error.errorCauses) && error.errorId.startsWith('oae');
  };
}
