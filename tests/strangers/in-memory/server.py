#!/usr/bin/env python3
"""A quick in-memory fake of Okta's authorization servers API.

Written in an afternoon by a backend developer whose product creates a server,
a few scopes and claims, and a policy with its rule for every new customer. He
had the reference pages open, copied their example answers, and left out what
his product never calls. Dictionaries hold everything; a restart forgets it.

Specification
=============

General
  * No token is asked for: any Authorization header will do, and so will none.
  * Answers with a body carry Content-Type: application/json and
    Content-Length; no other header is added. A 204 has no Content-Type.
  * Errors are {"error": "..."}: 404 for what is unknown, 500 with the name of
    the Python exception for whatever goes wrong inside (a body without a name,
    a body that is not JSON).
  * Timestamps are datetime.isoformat(): microseconds and "+00:00".

Servers
  * Ids are aus1, aus2, ... There is no default server.
  * POST answers 201. A description that was not sent is "". issuer is always
    https://dev-000000.okta.com/oauth2/default, as in the example. status is
    ACTIVE; issuerMode is what was sent, else ORG_URL; created is set; there is
    no lastUpdated and no "default" member.
  * credentials.signing has kid (43 characters), lastRotated and rotationMode,
    the last as sent (else AUTO), but never nextRotation.
  * _links has self, scopes, claims, policies (hints GET), rotateKey and
    deactivate, always these, whatever the status. No keys, no metadata.
  * GET of the list knows no q, no limit and no after, and sends no Link.
  * PUT sets name, description, audiences, issuerMode and rotationMode and
    answers 200; the rest of the body is ignored.
  * DELETE answers 204 whatever the status; 404 for an unknown id.
  * activate and deactivate change the status and answer 200 with the server.

Keys
  * A server has one ACTIVE key (RSA, RS256, AQAB, sig), without n and _links.
  * keyRotate puts a new ACTIVE key first and answers 200 with all keys; the
    former key stays ACTIVE, and the server's signing.kid stays what it was.
    The request body is not read. A single key cannot be fetched (404).

Scopes (none to begin with)
  * The id of a scope is its name. POST 201, GET, PUT 200, DELETE 204.
  * Defaults: description null, displayName the name, metadataPublish
    ALL_CLIENTS, consent IMPLICIT, default false, system false. No optional,
    no _links. Nothing is checked. The list reads no query.

Claims (none to begin with)
  * Ids are UUIDs. POST 201, GET, PUT 200; DELETE answers 200 with the claim.
  * Members: name, claimType, valueType, value, conditions as sent (else {}),
    alwaysIncludeInToken (else true for RESOURCE only), system false. status,
    group_filter_type and _links do not exist. Nothing is checked.

Policies (none to begin with)
  * Ids are pol-1, pol-2, ... in one dictionary for all servers: GET finds a
    policy through any server's id. POST 201, GET, PUT 200, DELETE 204.
  * Members: type, status as sent (else ACTIVE) at POST and at PUT, name,
    description, priority as sent (else null), conditions as sent (else {}).
    No system, no timestamps, no _links. No lifecycle calls (404).

Rules
  * Ids are rule-1, rule-2, ... POST 201, GET, PUT 200; DELETE answers 204
    even for a rule that is not there.
  * priority as sent, else the next number; conditions and actions as sent;
    status as sent, else ACTIVE; created and lastUpdated. No system, no _links.
  * activate and deactivate answer 204 and do nothing, for any rule id.

Scopes, claims, policies, rules, keys and clients of a server (or rules of a
policy) that does not exist can be listed (they are empty) and created. The
list of clients is always []. Associated servers, tokens and resource server
keys are not there at all: 404.
"""

import itertools
import json
import secrets
import uuid
from collections import defaultdict
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock
from urllib.parse import unquote, urlsplit

LOCK = RLock()

SERVERS = {}
KEYS = defaultdict(list)      # server id -> keys, the newest first
SCOPES = defaultdict(dict)    # server id -> scope id -> scope
CLAIMS = defaultdict(dict)    # server id -> claim id -> claim
POLICIES = {}                 # policy id -> policy
POLICIES_OF = defaultdict(list)  # server id -> policy ids
RULES = defaultdict(dict)     # policy id -> rule id -> rule

server_numbers = itertools.count(1)
policy_numbers = itertools.count(1)
rule_numbers = itertools.count(1)


class NotFound(Exception):
    pass


def now():
    return datetime.now(timezone.utc).isoformat()


def find(store, key):
    if key not in store:
        raise NotFound(key)
    return store[key]


# --- keys -------------------------------------------------------------------

def new_key():
    return {"status": "ACTIVE", "alg": "RS256", "e": "AQAB", "kty": "RSA",
            "use": "sig", "kid": secrets.token_urlsafe(32)}

def keys_of(server_id):
    if not KEYS[server_id]:
        KEYS[server_id].append(new_key())
    return KEYS[server_id]

def list_keys(req, server_id):
    return 200, keys_of(server_id)

def rotate_keys(req, server_id):
    keys_of(server_id).insert(0, new_key())
    return 200, keys_of(server_id)


# --- servers ----------------------------------------------------------------

def rotation_mode(body, otherwise):
    signing = (body.get("credentials") or {}).get("signing") or {}
    return signing.get("rotationMode", otherwise)

def link(href, *allow):
    return {"href": href, "hints": {"allow": list(allow)}}

def list_servers(req):
    return 200, list(SERVERS.values())

def create_server(req):
    body = req.body
    server_id = "aus%d" % next(server_numbers)
    url = "%s/api/v1/authorizationServers/%s" % (req.base, server_id)
    name = body["name"]
    stamp = now()
    SERVERS[server_id] = {
        "id": server_id,
        "name": name,
        "description": body.get("description", ""),
        "audiences": body.get("audiences", []),
        "issuer": "https://dev-000000.okta.com/oauth2/default",
        "issuerMode": body.get("issuerMode", "ORG_URL"),
        "status": "ACTIVE",
        "created": stamp,
        "credentials": {
            "signing": {
                "kid": keys_of(server_id)[0]["kid"],
                "rotationMode": rotation_mode(body, "AUTO"),
                "lastRotated": stamp,
            }
        },
        "_links": {
            "scopes": link(url + "/scopes", "GET"),
            "claims": link(url + "/claims", "GET"),
            "policies": link(url + "/policies", "GET"),
            "self": link(url, "GET", "DELETE", "PUT"),
            "rotateKey": link(url + "/credentials/lifecycle/keyRotate", "POST"),
            "deactivate": link(url + "/lifecycle/deactivate", "POST"),
        },
    }
    return 201, SERVERS[server_id]

def get_server(req, server_id):
    return 200, find(SERVERS, server_id)

def replace_server(req, server_id):
    server, body = find(SERVERS, server_id), req.body
    server["name"] = body.get("name", server["name"])
    server["description"] = body.get("description", "")
    server["audiences"] = body.get("audiences", server["audiences"])
    server["issuerMode"] = body.get("issuerMode", server["issuerMode"])
    signing = server["credentials"]["signing"]
    signing["rotationMode"] = rotation_mode(body, signing["rotationMode"])
    return 200, server

def delete_server(req, server_id):
    find(SERVERS, server_id)
    for store in (SERVERS, KEYS, SCOPES, CLAIMS, POLICIES_OF):
        store.pop(server_id, None)
    return 204, None

def set_status(status):
    def handler(req, server_id):
        find(SERVERS, server_id)["status"] = status
        return 200, SERVERS[server_id]
    return handler

def list_clients(req, server_id):
    return 200, []


# --- scopes -----------------------------------------------------------------

def make_scope(scope_id, body):
    name = body.get("name")
    return {
        "id": scope_id,
        "name": name,
        "description": body.get("description"),
        "displayName": body.get("displayName", name),
        "system": False,
        "default": body.get("default", False),
        "metadataPublish": body.get("metadataPublish", "ALL_CLIENTS"),
        "consent": body.get("consent", "IMPLICIT"),
    }

def list_scopes(req, server_id):
    return 200, list(SCOPES[server_id].values())

def create_scope(req, server_id):
    scope_id = str(req.body.get("name"))
    SCOPES[server_id][scope_id] = make_scope(scope_id, req.body)
    return 201, SCOPES[server_id][scope_id]

def get_scope(req, server_id, scope_id):
    return 200, find(SCOPES[server_id], scope_id)

def replace_scope(req, server_id, scope_id):
    find(SCOPES[server_id], scope_id)
    SCOPES[server_id][scope_id] = make_scope(scope_id, req.body)
    return 200, SCOPES[server_id][scope_id]

def delete_scope(req, server_id, scope_id):
    find(SCOPES[server_id], scope_id)
    del SCOPES[server_id][scope_id]
    return 204, None


# --- claims -----------------------------------------------------------------

def make_claim(claim_id, body):
    return {
        "id": claim_id,
        "name": body.get("name"),
        "claimType": body.get("claimType"),
        "valueType": body.get("valueType"),
        "value": body.get("value"),
        "conditions": body.get("conditions", {}),
        "system": False,
        "alwaysIncludeInToken": body.get(
            "alwaysIncludeInToken", body.get("claimType") == "RESOURCE"),
    }

def list_claims(req, server_id):
    return 200, list(CLAIMS[server_id].values())

def create_claim(req, server_id):
    claim_id = str(uuid.uuid4())
    CLAIMS[server_id][claim_id] = make_claim(claim_id, req.body)
    return 201, CLAIMS[server_id][claim_id]

def get_claim(req, server_id, claim_id):
    return 200, find(CLAIMS[server_id], claim_id)

def replace_claim(req, server_id, claim_id):
    find(CLAIMS[server_id], claim_id)
    CLAIMS[server_id][claim_id] = make_claim(claim_id, req.body)
    return 200, CLAIMS[server_id][claim_id]

def delete_claim(req, server_id, claim_id):
    find(CLAIMS[server_id], claim_id)
    return 200, CLAIMS[server_id].pop(claim_id)


# --- policies ---------------------------------------------------------------

def make_policy(policy_id, body):
    return {
        "type": body.get("type", "OAUTH_AUTHORIZATION_POLICY"),
        "id": policy_id,
        "status": body.get("status", "ACTIVE"),
        "name": body.get("name"),
        "description": body.get("description"),
        "priority": body.get("priority"),
        "conditions": body.get("conditions", {}),
    }

def list_policies(req, server_id):
    return 200, [POLICIES[i] for i in POLICIES_OF[server_id] if i in POLICIES]

def create_policy(req, server_id):
    policy_id = "pol-%d" % next(policy_numbers)
    POLICIES[policy_id] = make_policy(policy_id, req.body)
    POLICIES_OF[server_id].append(policy_id)
    return 201, POLICIES[policy_id]

def get_policy(req, server_id, policy_id):
    return 200, find(POLICIES, policy_id)

def replace_policy(req, server_id, policy_id):
    find(POLICIES, policy_id)
    POLICIES[policy_id] = make_policy(policy_id, req.body)
    return 200, POLICIES[policy_id]

def delete_policy(req, server_id, policy_id):
    find(POLICIES, policy_id)
    del POLICIES[policy_id]
    RULES.pop(policy_id, None)
    return 204, None


# --- rules ------------------------------------------------------------------

def make_rule(rule_id, body, priority, created):
    return {
        "type": body.get("type", "RESOURCE_ACCESS"),
        "id": rule_id,
        "status": body.get("status", "ACTIVE"),
        "name": body.get("name"),
        "priority": body.get("priority", priority),
        "created": created,
        "lastUpdated": now(),
        "conditions": body.get("conditions", {}),
        "actions": body.get("actions", {}),
    }

def list_rules(req, server_id, policy_id):
    return 200, list(RULES[policy_id].values())

def create_rule(req, server_id, policy_id):
    rules = RULES[policy_id]
    rule_id = "rule-%d" % next(rule_numbers)
    rules[rule_id] = make_rule(rule_id, req.body, len(rules) + 1, now())
    return 201, rules[rule_id]

def get_rule(req, server_id, policy_id, rule_id):
    return 200, find(RULES[policy_id], rule_id)

def replace_rule(req, server_id, policy_id, rule_id):
    old = find(RULES[policy_id], rule_id)
    RULES[policy_id][rule_id] = make_rule(
        rule_id, req.body, old["priority"], old["created"])
    return 200, RULES[policy_id][rule_id]

def delete_rule(req, server_id, policy_id, rule_id):
    RULES[policy_id].pop(rule_id, None)
    return 204, None

def rule_lifecycle(req, server_id, policy_id, rule_id):
    return 204, None


# --- routes (everything below /api/v1/authorizationServers) ------------------

ROUTES = [
    ("GET", "", list_servers),
    ("POST", "", create_server),
    ("GET", "*", get_server),
    ("PUT", "*", replace_server),
    ("DELETE", "*", delete_server),
    ("POST", "*/lifecycle/activate", set_status("ACTIVE")),
    ("POST", "*/lifecycle/deactivate", set_status("INACTIVE")),
    ("GET", "*/clients", list_clients),
    ("GET", "*/credentials/keys", list_keys),
    ("POST", "*/credentials/lifecycle/keyRotate", rotate_keys),
]
for kind, handlers in {
    "*/scopes": (list_scopes, create_scope, get_scope, replace_scope, delete_scope),
    "*/claims": (list_claims, create_claim, get_claim, replace_claim, delete_claim),
    "*/policies": (list_policies, create_policy, get_policy, replace_policy, delete_policy),
    "*/policies/*/rules": (list_rules, create_rule, get_rule, replace_rule, delete_rule),
}.items():
    ROUTES += [
        ("GET", kind, handlers[0]),
        ("POST", kind, handlers[1]),
        ("GET", kind + "/*", handlers[2]),
        ("PUT", kind + "/*", handlers[3]),
        ("DELETE", kind + "/*", handlers[4]),
    ]
for verb in ("activate", "deactivate"):
    ROUTES.append(("POST", "*/policies/*/rules/*/lifecycle/" + verb, rule_lifecycle))


def match(pattern, parts):
    """The parts that stand in the place of a star, or None."""
    wanted = pattern.split("/") if pattern else []
    if len(wanted) != len(parts):
        return None
    if any(w != "*" and w != p for w, p in zip(wanted, parts)):
        return None
    return [p for w, p in zip(wanted, parts) if w == "*"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, value):
        self.send_response(status)
        data = b"" if value is None else json.dumps(value).encode()
        if value is not None:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def serve(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.base = "http://" + self.headers.get("Host", "localhost")
        path = urlsplit(self.path).path.strip("/").split("/")
        parts = [unquote(p) for p in path[3:]]
        try:
            if path[:3] != ["api", "v1", "authorizationServers"]:
                raise NotFound(self.path)
            with LOCK:
                for method, pattern, handler in ROUTES:
                    args = match(pattern, parts)
                    if method == self.command and args is not None:
                        self.body = json.loads(raw) if raw else {}
                        return self.answer(*handler(self, *args))
                raise NotFound(self.path)
        except NotFound as error:
            self.answer(404, {"error": "not found: %s" % error})
        except Exception as error:
            self.answer(500, {"error": repr(error)})

    do_GET = do_POST = do_PUT = do_DELETE = serve


if __name__ == "__main__":
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    print("listening on http://127.0.0.1:%d" % httpd.server_address[1], flush=True)
    httpd.serve_forever()
