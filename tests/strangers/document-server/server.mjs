// document-server: the examples of a document, served
//
// What it is. A mock for a front end that shows authorization servers. It keeps
// nothing and reads nothing: every operation of Okta's OpenAPI document has one
// prepared answer, the first success status that the document gives for it and
// the example beside that status.
//
// Who would write it so. A developer who meant to run a document server such as
// Prism in its static mode, was not allowed another dependency in the build, and
// did by hand what the tool does: list the operations, copy out the examples,
// done in an afternoon. He did no more than the document says, mistakes of the
// document included, because "the document is the contract".
//
// Its behaviours.
//   1.  The method and the path choose the answer, nothing else does. The query,
//       the headers and the body of the request are not looked at: a name that is
//       sent does not come back, and a body that is no JSON is taken.
//   2.  Every identifier is found. Nothing is created, changed or deleted: the
//       answers before and after a PUT, a DELETE or a lifecycle call are alike.
//   3.  The statuses are those of the document: 201 for POSTs that create, 200 for
//       reads, replacements, key rotation, new associations and the lifecycle of
//       resource server keys, 204 without a body for deletions and for all other
//       lifecycle calls. No operation ever answers an error.
//   4.  The document's placeholders are filled in from the document too, because
//       braces in a URL upset the front end: the domain is the default of its
//       server variable, the identifiers are the examples of its path parameters
//       (so the server is GeGRTEr7f3yu2n7grw22). The links in the answers
//       therefore lead to https://subdomain.okta.com and not to this program.
//   5.  Examples that the document gives as arrays of one stay arrays, also where
//       the operation answers one object: the claims and the refresh token.
//   6.  Every list is the list of the example: one server, one claim (sub), one
//       client, one refresh token, three signing keys, one policy, one rule, two
//       resource server keys, one scope. No Link header, whatever was asked.
//   7.  Timestamps are those of the examples, years ago.
//   8.  Content-Type is application/json, and there is none on a 204. No header of
//       Okta's is sent: no request id, no rate limit, no caching or security ones.
//   9.  The Authorization header is not looked at; a request without it is served.
//   10. A path that the document does not know is 404, and a known path with
//       another method is 405, both with application/problem+json.

import { createServer } from 'node:http';

const ORG = 'https://subdomain.okta.com';
const API = `${ORG}/api/v1`;
const AS = 'GeGRTEr7f3yu2n7grw22';
const CLAIM = 'hNJ3Uk76xLagWkGx5W3N';
const CLIENT = '52Uy4BUWVBOjFItcg2jWsmnd83Ad8dD';
const TOKEN = 'sHHSth53yJAyNSTQKDJZ';
const SCOPE = '0TMRpCWXRKFjP7HiPFNM';
const SERVER_URL = `${API}/authorizationServers/${AS}`;

const link = (href, ...allow) => ({ href, hints: { allow } });

// -- the examples ---------------------------------------------------------------

const server = {
  id: AS,
  name: 'Sample Authorization Server',
  description: 'Sample Authorization Server description',
  audiences: ['https://api.resource.com'],
  issuer: `${ORG}/oauth2/${AS}`,
  issuerMode: 'ORG_URL',
  status: 'ACTIVE',
  created: '2023-05-17T22:25:57.000Z',
  lastUpdated: '2023-05-17T22:25:57.000Z',
  credentials: {
    signing: {
      rotationMode: 'AUTO',
      lastRotated: '2023-05-17T22:25:57.000Z',
      nextRotation: '2023-08-15T22:25:57.000Z',
      kid: 'WYQxoK4XAwGFn5Zw5AzLxFvqEKLP79BbsKmWeuc5TB4',
    },
  },
  _links: {
    scopes: link(`${SERVER_URL}/scopes`, 'GET'),
    claims: link(`${SERVER_URL}/claims`, 'GET'),
    policies: link(`${SERVER_URL}/policies`, 'GET'),
    self: link(SERVER_URL, 'GET', 'DELETE', 'PUT'),
    metadata: ['oauth-authorization-server', 'openid-configuration'].map((name) => ({
      name,
      ...link(`${ORG}/oauth2/${AS}/.well-known/${name}`, 'GET'),
    })),
    rotateKey: link(`${SERVER_URL}/credentials/lifecycle/keyRotate`, 'POST'),
    deactivate: link(`${SERVER_URL}/lifecycle/deactivate`, 'POST'),
  },
};

// The document shows associated servers with fewer links, and lists one whose keys
// rotate in the mode DYNAMIC.
const associated = (rotationMode) => ({
  ...server,
  issuerMode: 'CUSTOM_URL',
  credentials: { signing: { ...server.credentials.signing, rotationMode, use: 'sig' } },
  _links: { self: link(SERVER_URL, 'DELETE') },
});

const claimLinks = { self: link(`${SERVER_URL}/claims/${CLAIM}`, 'GET', 'PUT', 'DELETE') };

const groupsClaim = (name, value) => ({
  id: CLAIM,
  name,
  status: 'ACTIVE',
  claimType: 'IDENTITY',
  valueType: 'GROUPS',
  value,
  conditions: { scopes: ['profile'] },
  system: false,
  alwaysIncludeInToken: true,
  apiResourceId: null,
  group_filter_type: 'CONTAINS',
  _links: claimLinks,
});

const subClaim = {
  id: CLAIM,
  name: 'sub',
  status: 'ACTIVE',
  claimType: 'RESOURCE',
  valueType: 'EXPRESSION',
  value: '(appuser != null) ? appuser.userName : app.clientId',
  conditions: { scopes: ['profile'] },
  system: true,
  alwaysIncludeInToken: true,
  apiResourceId: null,
  _links: claimLinks,
};

const client = {
  client_id: CLIENT,
  client_name: 'My Web App',
  client_uri: 'null,',
  logo_uri: 'null,',
  _links: {
    client: { href: `${ORG}/oauth2/v1/clients/${CLIENT}`, title: 'My Web App' },
    tokens: link(`${SERVER_URL}/clients/${CLIENT}/tokens`, 'GET', 'DELETE'),
  },
};

const tokenScope = (name, displayName, description) => ({
  id: SCOPE,
  name,
  displayName,
  description,
  _links: { scope: { href: `${SERVER_URL}/scopes/${SCOPE}`, title: displayName } },
});

const refreshToken = {
  id: TOKEN,
  status: 'ACTIVE',
  created: '2023-09-21T19:59:56.000Z',
  lastUpdated: '2023-09-21T20:00:38.000Z',
  expiresAt: '2023-09-28T20:00:38.000Z',
  issuer: `${ORG}/oauth2/${AS}`,
  client_id: CLIENT,
  userId: '00u5t60iloOHN9pBi0h7',
  scopes: ['offline_access', 'openid'],
  _embedded: {
    scopes: [
      tokenScope('offline_access', 'Keep you signed in to the app', "This keeps you signed in to the app, even when you aren't using it."),
      tokenScope('openid', 'openid', 'Signals that a request is an OpenID request'),
    ],
  },
  _links: {
    app: { href: `${API}/apps/0oabskvc6442nkvQO0h7`, title: 'My Web App' },
    authorizationServer: { href: SERVER_URL, title: 'Authorization Server name' },
    self: { href: `${SERVER_URL}/clients/${CLIENT}/tokens/${TOKEN}` },
    revoke: link(`${SERVER_URL}/clients/${CLIENT}/tokens/${TOKEN}`, 'DELETE'),
    client: { href: `${ORG}/oauth2/v1/clients/${CLIENT}`, title: 'My Web App' },
    user: { href: `${API}/users/00u5t60iloOHN9pBi0h7`, title: 'Joe User' },
  },
};

// The moduli stand in the document with the blanks of somebody's line breaks.
const MODULUS = {
  first:
    'g0MirhrysJMPm_wK45jvMbbyanfhl-jmTBv0o69GeifPaISaXGv8LKn3-CyJvUJcjjeHE17KtumJWVxUDRzFqtIMZ1ctCZyIAuWO0n ' +
    'LKilg7_EIDXJrS8k14biqkPO1lXGFwtjo3zLHeFSLw6sWf-CEN9zv6Ff3IAXb-RMYpfh-bVrxIgWsWCxjLW-UKI3la-gs0nWHH2PJr5HLJuI ' +
    'JIOL5HLJuIJIOLWahqTnm_r1LSCSYr6N4C-fh--w2_BW8DzTHalBYe76bNr0d7AqtR4tGazmrvrc79Wa2bjyxmhhN1u9jSaZQqq-3VZEod8q3, ' +
    'WHH2PJ5v1LoXniJQ4a2W8nDVqb6h4E8MUKYOpljTfQ',
  second:
    'l1hZ_g2sgBE3oHvu34T-5XP18FYJWgtul_nRNg-5xra5ySkaXEOJUDRERUG0HrR42uqf9jYrUTwg9fp-SqqNIdHRaN8EwRSDRsKAwK 3 ' +
    'HIJ2NJfgmrrO2ABkeyUq6rzHxAumiKv1iLFpSawSIiTEBJERtUCDcjbbqyHVFuivIFgH8L37 - XDIDb0XG - R8DOoOHLJPTpsgH - rJe ' +
    'M5w96VIRZInsGC5OGWkFdtgk6OkbvVd7_TXcxLCpWeg1vlbmX - 0 TmG5yjSj7ek05txcpxIqYu - 7 FIGT0KKvXge_BOSEUlJpBhLKU28 ' +
    'OtsOnmc3NLIGXB - GeDiUZiBYQdPR - myB4ZoQ',
  third:
    'lC4ehVB6W0OCtNPnz8udYH9Ao83B6EKnHA5eTcMOap_lQZ-nKtS1lZwBj4wXRVc1XmS0d2OQFA1VMQ-dHLDE3CiGfsGqWbaiZFdW7U ' +
    'GLO1nAwfDdH6xp3xwpKOMewDXbAHJlXdYYAe2ap - CE9c5WLTUBU6JROuWcorHCNJisj1aExyiY5t3JQQVGpBz2oUIHo7NRzQoKimvp ' +
    'dMvMzcYnTlk1dhlG11b1GTkBclprm1BmOP7Ltjd7aEumOJWS67nKcAZzl48Zyg5KtV11V9F9dkGt25qHauqFKL7w3wu - DYhT0hmyFc ' +
    'wn - tXS6e6HQbfHhR_MQxysLtDGOk2ViWv8AQ',
};
const KID = {
  first: 'RQ8DuhdxCczyMvy7GNJb4Ka3lQ99vrSo3oFBUiZjzzc',
  second: 'Y3vBOdYT-l-I0j-gRQ26XjutSX00TeWiSguuDhW3ngo',
  third: 'h5Sr3LXcpQiQlAUVPdhrdLFoIvkhRTAVs_h39bQnxlU',
};

const signingKey = (status, which) => ({
  status,
  alg: 'RS256',
  e: 'AQAB',
  n: MODULUS[which],
  kid: KID[which],
  kty: 'RSA',
  use: 'sig',
  _links: { self: link(`${SERVER_URL}/credentials/keys/${KID[which]}`, 'GET') },
});
const signingKeys = [signingKey('ACTIVE', 'first'), signingKey('NEXT', 'second'), signingKey('EXPIRED', 'third')];

const RESOURCE_KEYS = `${SERVER_URL}/resourceservercredentials/keys`;
const resourceKeyTimes = { created: '2023-04-06T21:32:33.000Z', lastUpdated: '2023-04-06T21:32:33.000Z' };
const listedResourceKey = (status, id, which) => ({
  status,
  id,
  e: 'AQAB',
  n: MODULUS[which],
  kid: KID[which],
  kty: 'RSA',
  use: 'enc',
  ...resourceKeyTimes,
  _links: { self: link(`${RESOURCE_KEYS}/${KID[which]}`, 'GET') },
});
const resourceKey = {
  id: 'apk2f4zrZbs8nUa7p0g4',
  kid: 'ASHJHGasa782333-Sla3x3POBiIxDreBCdZuFs5B',
  kty: 'RSA',
  alg: 'RS256',
  use: 'enc',
  e: 'AQAB',
  n: 'AJncrzOrouIUCSMlRL0HU.....Kuine49_CEVR4GPn=',
  status: 'INACTIVE',
  ...resourceKeyTimes,
  _links: { delete: link(`${RESOURCE_KEYS}/${KID.first}/lifecycle/delete`, 'DELETE') },
};

const POLICY_URL = `${SERVER_URL}/policies/00palyaappA22DPkj0h7`;
const policy = {
  type: 'OAUTH_AUTHORIZATION_POLICY',
  id: '00palyaappA22DPkj0h7',
  status: 'ACTIVE',
  name: 'Vendor2 Policy',
  description: 'Vendor2 policy description',
  priority: 1,
  system: false,
  conditions: { clients: { include: ['ALL_CLIENTS'] } },
  created: '2017-05-26T19:43:53.000Z',
  lastUpdated: '2017-06-07T15:28:17.000Z',
  _links: {
    self: link(POLICY_URL, 'GET', 'PUT', 'DELETE'),
    deactivate: link(`${POLICY_URL}/lifecycle/deactivate`, 'POST'),
    rules: link(`${POLICY_URL}/rules`, 'GET'),
  },
};

const RULE_URL = `${SERVER_URL}/policies/00plrilJ7jZ66Gn0X0g3/rules/0prbsjfyl01zfSZ9K0h7`;
const rule = {
  type: 'RESOURCE_ACCESS',
  id: '0prbsjfyl01zfSZ9K0h7',
  status: 'ACTIVE',
  name: 'Default Policy Rule',
  priority: 1,
  created: '2017-08-25T16:57:02.000Z',
  lastUpdated: '2017-08-30T14:51:05.000Z',
  system: false,
  conditions: {
    people: { users: { include: [], exclude: [] }, groups: { include: ['EVERYONE'], exclude: [] } },
    grantTypes: { include: ['implicit', 'client_credentials', 'authorization_code', 'password'] },
    scopes: { include: ['*'] },
  },
  actions: {
    token: {
      accessTokenLifetimeMinutes: 60,
      refreshTokenLifetimeMinutes: 0,
      refreshTokenWindowMinutes: 10080,
      inlineHook: { id: 'cal4egvp1mbMldrYN0g7' },
    },
  },
  _links: {
    self: link(RULE_URL, 'GET', 'PUT', 'DELETE'),
    deactivate: link(`${RULE_URL}/lifecycle/deactivate`, 'POST'),
  },
};

const scope = {
  id: 'scp5yu8kLOnDzo7lh0g4',
  name: 'car:drive',
  description: 'Drive car',
  system: false,
  default: false,
  displayName: 'Saml Jackson',
  consent: 'REQUIRED',
  optional: false,
  metadataPublish: 'NO_CLIENTS',
  _links: { self: link(`${SERVER_URL}/scopes/scp5yu8kLOnDzo7lh0g4`, 'GET', 'PUT', 'DELETE') },
};
const replacedScope = { ...scope, name: 'car:order', description: 'Order car', metadataPublish: 'ALL_CLIENTS' };

// -- the operations -------------------------------------------------------------

const S = '/api/v1/authorizationServers';
const R = `${S}/{}/policies/{}/rules`;
const K = `${S}/{}/resourceservercredentials/keys`;

// method, path, status, example
const operations = [
  ['GET', S, 200, [server]],
  ['POST', S, 201, server],
  ['GET', `${S}/{}`, 200, server],
  ['PUT', `${S}/{}`, 200, server],
  ['DELETE', `${S}/{}`, 204],
  ['POST', `${S}/{}/lifecycle/activate`, 204],
  ['POST', `${S}/{}/lifecycle/deactivate`, 204],
  ['GET', `${S}/{}/associatedServers`, 200, [associated('DYNAMIC')]],
  ['POST', `${S}/{}/associatedServers`, 200, [associated('AUTO')]],
  ['DELETE', `${S}/{}/associatedServers/{}`, 204],
  ['GET', `${S}/{}/claims`, 200, [subClaim]],
  ['POST', `${S}/{}/claims`, 201, [groupsClaim('Support', 'Support')]],
  ['GET', `${S}/{}/claims/{}`, 200, [groupsClaim('Support', 'Support')]],
  ['PUT', `${S}/{}/claims/{}`, 200, [groupsClaim('Knowledge_Base', 'Knowledge Base')]],
  ['DELETE', `${S}/{}/claims/{}`, 204],
  ['GET', `${S}/{}/clients`, 200, [client]],
  ['GET', `${S}/{}/clients/{}/tokens`, 200, [refreshToken]],
  ['DELETE', `${S}/{}/clients/{}/tokens`, 204],
  ['GET', `${S}/{}/clients/{}/tokens/{}`, 200, [refreshToken]],
  ['DELETE', `${S}/{}/clients/{}/tokens/{}`, 204],
  ['GET', `${S}/{}/credentials/keys`, 200, signingKeys],
  ['GET', `${S}/{}/credentials/keys/{}`, 200, signingKeys[0]],
  ['POST', `${S}/{}/credentials/lifecycle/keyRotate`, 200, signingKeys],
  ['GET', `${S}/{}/policies`, 200, [policy]],
  ['POST', `${S}/{}/policies`, 201, policy],
  ['GET', `${S}/{}/policies/{}`, 200, policy],
  ['PUT', `${S}/{}/policies/{}`, 200, policy],
  ['DELETE', `${S}/{}/policies/{}`, 204],
  ['POST', `${S}/{}/policies/{}/lifecycle/activate`, 204],
  ['POST', `${S}/{}/policies/{}/lifecycle/deactivate`, 204],
  ['GET', R, 200, [rule]],
  ['POST', R, 201, rule],
  ['GET', `${R}/{}`, 200, rule],
  ['PUT', `${R}/{}`, 200, rule],
  ['DELETE', `${R}/{}`, 204],
  ['POST', `${R}/{}/lifecycle/activate`, 204],
  ['POST', `${R}/{}/lifecycle/deactivate`, 204],
  ['GET', K, 200, [listedResourceKey('ACTIVE', 'apk40n33xfjbPaf6D0g5', 'first'), listedResourceKey('INACTIVE', 'apk33a45xfjbDfg6D0g5', 'second')]],
  ['POST', K, 201, resourceKey],
  ['GET', `${K}/{}`, 200, resourceKey],
  ['DELETE', `${K}/{}`, 204],
  ['POST', `${K}/{}/lifecycle/activate`, 200, resourceKey],
  ['POST', `${K}/{}/lifecycle/deactivate`, 200, resourceKey],
  ['GET', `${S}/{}/scopes`, 200, [scope]],
  ['POST', `${S}/{}/scopes`, 201, scope],
  ['GET', `${S}/{}/scopes/{}`, 200, scope],
  ['PUT', `${S}/{}/scopes/{}`, 200, replacedScope],
  ['DELETE', `${S}/{}/scopes/{}`, 204],
].map(([method, path, status, example]) => ({
  method,
  path: new RegExp(`^${path.replaceAll('{}', '[^/]+')}$`),
  status,
  body: example === undefined ? null : Buffer.from(JSON.stringify(example)),
}));

// -- the server -----------------------------------------------------------------

function problem(response, status, title, detail, headers = {}) {
  const body = Buffer.from(JSON.stringify({ type: `https://docs.invalid/errors#${status}`, title, status, detail }));
  response.writeHead(status, {
    'Content-Type': 'application/problem+json',
    'Content-Length': body.length,
    ...headers,
  });
  response.end(body);
}

const http = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const path = request.url.split('?', 1)[0];
    const candidates = operations.filter((operation) => operation.path.test(path));
    if (candidates.length === 0) {
      return problem(response, 404, 'Route not resolved, no path matched', `The route ${path} hasn't been found in the document`);
    }
    const operation = candidates.find(({ method }) => method === request.method);
    if (!operation) {
      const allow = candidates.map(({ method }) => method).join(', ');
      return problem(response, 405, 'Route resolved, but no such method', `The path takes ${allow}`, { Allow: allow });
    }
    if (!operation.body) {
      response.writeHead(operation.status);
      return response.end();
    }
    response.writeHead(operation.status, {
      'Content-Type': 'application/json',
      'Content-Length': operation.body.length,
    });
    response.end(operation.body);
  });
});

// Longer than any client keeps a connection that it does not use.
http.keepAliveTimeout = 65_000;

http.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
