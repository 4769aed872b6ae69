/*
 * A generic CRUD store that stands in for Okta's authorization servers API.
 *
 * A front-end team already had this little JSON store for its other back ends
 * and pointed it at /api/v1 when the admin screens for authorization servers
 * came. It knows nothing about Okta: it keeps whatever JSON is posted under
 * whatever path, and everything is a record or a collection of records.
 *
 * Specification
 * =============
 *
 * General
 *   - Any Authorization header will do, and so will none.
 *   - Paths lie below /api/v1; what comes before, and a slash at the end, are
 *     ignored. A record lives at COLLECTION/ID.
 *   - Nothing is validated. A body that is missing or is not JSON counts as {}.
 *   - Every answer has a JSON body, Content-Type "application/json;
 *     charset=utf-8" and Content-Length, and no other header of its own. The
 *     query is ignored. There is no Link header.
 *   - The one error is 404 {"message":"Not Found"}; another method than the
 *     four below is 405 with a message of the same form.
 *
 * POST PATH
 *   - Makes a record PATH/UUID out of the body and an id (a UUID that goes
 *     before an id in the body) and answers 200 with it. No parent is looked
 *     for, no member is added, and every path can be posted to. So a lifecycle
 *     call answers 200 with a new record of its own and changes nothing, and
 *     keyRotate answers 200 with such a record instead of a list of keys.
 *
 * GET PATH
 *   - A record: 200 with it. Else, if PATH has records right below it, or has
 *     an odd number of segments (authorizationServers, .../scopes,
 *     .../policies/ID/rules): 200 with the array of them in order of creation,
 *     empty or not, whether the parents exist or not. Else 404.
 *   - So .../credentials/keys and .../resourceservercredentials/keys are 404
 *     (the latter until something is posted there), .../credentials/keys/KID
 *     and .../clients/ID/tokens are empty arrays.
 *
 * PUT PATH
 *   - Merges the body deeply into the record (objects member by member; arrays
 *     and plain values are replaced), the id included if the body has one, and
 *     answers 200 with the outcome; 404 if there is no such record.
 *
 * DELETE PATH
 *   - Removes the record and everything below it: 200 with the record; 404 if
 *     there is none.
 *
 * The store is empty at the start: no default server, and no server has
 * scopes, claims, policies or keys that nobody posted.
 */

import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';

/** Path of a record -> the record, in order of creation. */
const records = new Map();

class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const notFound = () => new Failure(404, 'Not Found');

const isObject = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function merge(target, source) {
  for (const [key, value] of Object.entries(source)) {
    if (isObject(value)) {
      target[key] = merge(isObject(target[key]) ? target[key] : {}, value);
    } else {
      target[key] = value;
    }
  }
  return target;
}

/** The path below /api/v1, decoded, without slashes at its ends. */
function storePath(url) {
  const { pathname } = new URL(url, 'http://store');
  const segments = pathname.split('/').filter(Boolean).map(decodeURIComponent);
  if (segments[0] === 'api' && segments[1] === 'v1') {
    segments.splice(0, 2);
  }
  return segments;
}

function childrenOf(path) {
  const prefix = `${path}/`;
  const children = [];
  for (const [key, record] of records) {
    if (key.startsWith(prefix) && !key.slice(prefix.length).includes('/')) {
      children.push(record);
    }
  }
  return children;
}

const methods = {
  GET(segments) {
    const path = segments.join('/');
    if (records.has(path)) {
      return records.get(path);
    }
    const children = childrenOf(path);
    if (children.length > 0 || segments.length % 2 === 1) {
      return children;
    }
    throw notFound();
  },

  POST(segments, body) {
    const id = randomUUID();
    const record = { ...body, id };
    records.set([...segments, id].join('/'), record);
    return record;
  },

  PUT(segments, body) {
    const record = records.get(segments.join('/'));
    if (!record) {
      throw notFound();
    }
    return merge(record, body);
  },

  DELETE(segments) {
    const path = segments.join('/');
    const record = records.get(path);
    if (!record) {
      throw notFound();
    }
    for (const key of [...records.keys()]) {
      if (key === path || key.startsWith(`${path}/`)) {
        records.delete(key);
      }
    }
    return record;
  },
};

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function send(response, status, value) {
  const data = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': data.length,
  });
  response.end(data);
}

const server = createServer(async (request, response) => {
  const body = await readBody(request);
  try {
    const method = methods[request.method];
    if (!method) {
      throw new Failure(405, 'Method Not Allowed');
    }
    send(response, 200, method(storePath(request.url), body));
  } catch (error) {
    send(response, error.status ?? 500, { message: error.message });
  }
});

server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
