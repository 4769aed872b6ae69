#!/usr/bin/env python3
"""random-by-schema: answers that fit the documented types, and nothing more

What it is. A stand-in for Okta's authorization-servers API that makes up every answer from
the schemas of the vendor's OpenAPI document. It keeps nothing: two reads of the same server
are two different servers.

Who would write it so. A developer whose client is generated from the document, and who wants
to know one thing alone: does the client read everything that the document allows? He has seen
what JSON schema fakers do and wrote the hundred lines that he needs of one. The generator is
seeded, so that a failing run can be run again.

Its behaviours.
  1.  The method and the path choose the operation; its first documented success status is the
      answer, with a body made up from the documented schema, or with none for 204. The query,
      the headers and the body of the request are not looked at, and nothing ever fails.
  2.  Every documented member of an object is there, every time. Members that the document does
      not know are never there (so a server has no `default` and no link `keys`, a claim and a
      scope have no `apiResourceId`).
  3.  A string is a word of six to twelve lowercase letters, whatever it means: ids, key ids,
      moduli, issuers, hrefs, descriptions. A string with an enumeration is one of its values.
      (A resource server key's timestamps are plain strings in the document, and so they are
      words here.)
  4.  A date-time is a moment of the years 2015 to 2024 in the form of Python's isoformat:
      2019-08-07T06:05:04+00:00.
  5.  A boolean is a coin toss, an integer is between 1 and 1000000.
  6.  An array has two to four items, whatever was asked for; no list is ever empty and none
      has a Link header.
  7.  Of a link there are `href` and `hints.allow`; the rest of the link schema was not thought
      worth the while.
  8.  A policy and a rule have both lifecycle links, activate and deactivate, since their schema
      has both; a server has deactivate alone, since its schema has no other.
  9.  Content-Type is application/json with a body, and there is none on a 204. No header of
      Okta's is sent: no request id, no rate limit, no caching or security ones.
  10. The Authorization header is not looked at; a request without it is served.
  11. A path that the document does not know is 404 {"error": "..."}, a known path with another
      method is 405 with a body of the same form.

Usage: server.py [SEED]
"""

import json
import random
import re
import sys
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# -- the generator: a schema is a function from a random source to a value --------------------

LETTERS = "abcdefghijklmnopqrstuvwxyz"
EPOCH = datetime(2015, 1, 1, tzinfo=timezone.utc)


def word(source):
    return "".join(source.choice(LETTERS) for _ in range(source.randint(6, 12)))


def moment(source):
    return (EPOCH + timedelta(seconds=source.randrange(10 * 365 * 24 * 3600))).isoformat()


def flag(source):
    return source.random() < 0.5


def number(source):
    return source.randint(1, 1_000_000)


def one_of(*values):
    return lambda source: source.choice(values)


def list_of(item):
    return lambda source: [item(source) for _ in range(source.randint(2, 4))]


def record(**members):
    return lambda source: {name: member(source) for name, member in members.items()}


# -- the schemas of the document ---------------------------------------------------------------

LIFECYCLE_STATUS = one_of("ACTIVE", "INACTIVE")

LINK = record(href=word, hints=record(allow=list_of(one_of("DELETE", "GET", "POST", "PUT"))))
LINKS_SELF = record(self=LINK)
LINKS_SELF_AND_LIFECYCLE = record(self=LINK, activate=LINK, deactivate=LINK)
RESOURCE_LINK = record(href=word, title=word)

SERVER = record(
    accessTokenEncryptedResponseAlgorithm=one_of("RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"),
    audiences=list_of(word),
    created=moment,
    credentials=record(
        signing=record(
            kid=word,
            lastRotated=moment,
            nextRotation=moment,
            rotationMode=one_of("AUTO", "MANUAL"),
            use=one_of("sig"),
        )
    ),
    description=word,
    id=word,
    issuer=word,
    issuerMode=word,
    jwks=record(
        keys=list_of(
            record(e=word, kid=word, kty=one_of("RSA"), n=word, status=LIFECYCLE_STATUS, use=one_of("enc"))
        )
    ),
    jwks_uri=word,
    lastUpdated=moment,
    name=word,
    status=LIFECYCLE_STATUS,
    _links=record(
        self=LINK,
        claims=LINK,
        deactivate=LINK,
        metadata=list_of(LINK),
        policies=LINK,
        rotateKey=LINK,
        scopes=LINK,
    ),
)

CLAIM = record(
    alwaysIncludeInToken=flag,
    claimType=one_of("IDENTITY", "RESOURCE"),
    conditions=record(scopes=list_of(word)),
    group_filter_type=one_of("CONTAINS", "EQUALS", "REGEX", "STARTS_WITH"),
    id=word,
    name=word,
    status=LIFECYCLE_STATUS,
    system=flag,
    value=word,
    valueType=one_of("EXPRESSION", "GROUPS", "SYSTEM"),
    _links=LINKS_SELF,
)

SCOPE = record(
    consent=one_of("FLEXIBLE", "IMPLICIT", "REQUIRED"),
    default=flag,
    description=word,
    displayName=word,
    id=word,
    metadataPublish=one_of("ALL_CLIENTS", "NO_CLIENTS"),
    name=word,
    optional=flag,
    system=flag,
    _links=LINKS_SELF,
)

POLICY = record(
    id=word,
    type=one_of("OAUTH_AUTHORIZATION_POLICY"),
    name=word,
    conditions=record(clients=record(include=list_of(word))),
    description=word,
    priority=number,
    status=LIFECYCLE_STATUS,
    system=flag,
    created=moment,
    lastUpdated=moment,
    _links=record(self=LINK, activate=LINK, deactivate=LINK, rules=LINK),
)

RULE = record(
    actions=record(
        token=record(
            accessTokenLifetimeMinutes=number,
            inlineHook=record(id=word),
            refreshTokenLifetimeMinutes=number,
            refreshTokenWindowMinutes=number,
        )
    ),
    conditions=record(
        grantTypes=record(include=list_of(word)),
        people=record(groups=record(include=list_of(word)), users=record(include=list_of(word))),
        scopes=record(include=list_of(word)),
    ),
    created=moment,
    id=word,
    lastUpdated=moment,
    name=word,
    priority=number,
    status=LIFECYCLE_STATUS,
    system=flag,
    type=one_of("RESOURCE_ACCESS"),
    _links=LINKS_SELF_AND_LIFECYCLE,
)

SIGNING_KEY = record(alg=word, e=word, kid=word, kty=word, n=word, status=word, use=word, _links=LINKS_SELF)

RESOURCE_KEY = record(
    created=word,
    e=word,
    id=word,
    kid=word,
    kty=word,
    lastUpdated=word,
    n=word,
    status=LIFECYCLE_STATUS,
    use=word,
    _links=record(activate=LINK, delete=LINK),
)

CLIENT = record(
    client_id=word,
    client_name=word,
    client_uri=word,
    logo_uri=word,
    _links=record(self=LINK, grants=record(href=word), tokens=record(href=word)),
)

REFRESH_TOKEN = record(
    clientId=word,
    created=moment,
    expiresAt=moment,
    id=word,
    issuer=word,
    lastUpdated=moment,
    scopes=list_of(word),
    status=one_of("ACTIVE", "REVOKED"),
    userId=word,
    _embedded=record(
        scopes=list_of(
            record(description=word, displayName=word, id=word, name=word, _links=record(scope=RESOURCE_LINK))
        )
    ),
    _links=record(
        self=LINK,
        app=RESOURCE_LINK,
        revoke=LINK,
        client=RESOURCE_LINK,
        user=RESOURCE_LINK,
        authorizationServer=RESOURCE_LINK,
    ),
)

# -- the operations of the document ------------------------------------------------------------

SERVERS = "/api/v1/authorizationServers"
ONE = SERVERS + "/{}"
TOKENS = ONE + "/clients/{}/tokens"
POLICIES = ONE + "/policies"
RULES = POLICIES + "/{}/rules"
RESOURCE_KEYS = ONE + "/resourceservercredentials/keys"

OPERATIONS = [
    ("GET", SERVERS, 200, list_of(SERVER)),
    ("POST", SERVERS, 201, SERVER),
    ("GET", ONE, 200, SERVER),
    ("PUT", ONE, 200, SERVER),
    ("DELETE", ONE, 204, None),
    ("POST", ONE + "/lifecycle/activate", 204, None),
    ("POST", ONE + "/lifecycle/deactivate", 204, None),
    ("GET", ONE + "/associatedServers", 200, list_of(SERVER)),
    ("POST", ONE + "/associatedServers", 200, list_of(SERVER)),
    ("DELETE", ONE + "/associatedServers/{}", 204, None),
    ("GET", ONE + "/claims", 200, list_of(CLAIM)),
    ("POST", ONE + "/claims", 201, CLAIM),
    ("GET", ONE + "/claims/{}", 200, CLAIM),
    ("PUT", ONE + "/claims/{}", 200, CLAIM),
    ("DELETE", ONE + "/claims/{}", 204, None),
    ("GET", ONE + "/clients", 200, list_of(CLIENT)),
    ("GET", TOKENS, 200, list_of(REFRESH_TOKEN)),
    ("DELETE", TOKENS, 204, None),
    ("GET", TOKENS + "/{}", 200, REFRESH_TOKEN),
    ("DELETE", TOKENS + "/{}", 204, None),
    ("GET", ONE + "/credentials/keys", 200, list_of(SIGNING_KEY)),
    ("GET", ONE + "/credentials/keys/{}", 200, SIGNING_KEY),
    ("POST", ONE + "/credentials/lifecycle/keyRotate", 200, list_of(SIGNING_KEY)),
    ("GET", POLICIES, 200, list_of(POLICY)),
    ("POST", POLICIES, 201, POLICY),
    ("GET", POLICIES + "/{}", 200, POLICY),
    ("PUT", POLICIES + "/{}", 200, POLICY),
    ("DELETE", POLICIES + "/{}", 204, None),
    ("POST", POLICIES + "/{}/lifecycle/activate", 204, None),
    ("POST", POLICIES + "/{}/lifecycle/deactivate", 204, None),
    ("GET", RULES, 200, list_of(RULE)),
    ("POST", RULES, 201, RULE),
    ("GET", RULES + "/{}", 200, RULE),
    ("PUT", RULES + "/{}", 200, RULE),
    ("DELETE", RULES + "/{}", 204, None),
    ("POST", RULES + "/{}/lifecycle/activate", 204, None),
    ("POST", RULES + "/{}/lifecycle/deactivate", 204, None),
    ("GET", RESOURCE_KEYS, 200, list_of(RESOURCE_KEY)),
    ("POST", RESOURCE_KEYS, 201, RESOURCE_KEY),
    ("GET", RESOURCE_KEYS + "/{}", 200, RESOURCE_KEY),
    ("DELETE", RESOURCE_KEYS + "/{}", 204, None),
    ("POST", RESOURCE_KEYS + "/{}/lifecycle/activate", 200, RESOURCE_KEY),
    ("POST", RESOURCE_KEYS + "/{}/lifecycle/deactivate", 200, RESOURCE_KEY),
    ("GET", ONE + "/scopes", 200, list_of(SCOPE)),
    ("POST", ONE + "/scopes", 201, SCOPE),
    ("GET", ONE + "/scopes/{}", 200, SCOPE),
    ("PUT", ONE + "/scopes/{}", 200, SCOPE),
    ("DELETE", ONE + "/scopes/{}", 204, None),
]
ROUTES = [
    (method, re.compile(path.replace("{}", "[^/]+")), status, schema) for method, path, status, schema in OPERATIONS
]

# -- the server --------------------------------------------------------------------------------

source = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 20260630)
source_lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?", 1)[0]
        known = False
        for method, pattern, status, schema in ROUTES:
            if not pattern.fullmatch(path):
                continue
            known = True
            if method == self.command:
                with source_lock:
                    return self.answer(status, schema and schema(source))
        if known:
            return self.answer(405, {"error": f"no operation {self.command} at {path}"})
        return self.answer(404, {"error": f"no such path: {path}"})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = serve

    def answer(self, status, value):
        self.send_response(status)
        body = b""
        if value is not None:
            body = json.dumps(value).encode()
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
