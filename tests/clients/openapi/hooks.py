"""Helps Schemathesis past what the OpenAPI document does not say: which objects exist, and what a body must have.

Schemathesis makes ids up, and then everything is 404; ids that are meant to be wrong stay. Every other body that fits
the document also gets what the vendor's documentation asks for besides. Loaded through the variable
SCHEMATHESIS_HOOKS; needs OKTA_CLIENT_ORGURL and OKTA_CLIENT_TOKEN.
"""

import os
from itertools import count

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import TestPhase

URL = os.environ["OKTA_CLIENT_ORGURL"]
ORG = requests.Session()
ORG.headers["Authorization"] = f"SSWS {os.environ['OKTA_CLIENT_TOKEN']}"

# As planted by state.yaml: the server whose clients hold refresh tokens, and the client that holds none.
SERVER = "ausJudgedServer00001"
IDLE = "0oaJudgedClientIdle0"
ORG.get(f"{URL}/api/v1/authorizationServers/{SERVER}").raise_for_status()

# What makes a member of a collection.
BODIES = {
    "authorizationServers": {"audiences": ["api://judged"], "issuerMode": "ORG_URL"},
    "associatedServers": {"trusted": ["default"]},
    "claims": {"claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "user.email"},
    "policies": {},
    "rules": {
        "type": "RESOURCE_ACCESS",
        "conditions": {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}},
        "actions": {"token": {"accessTokenLifetimeMinutes": 60}},
    },
    "scopes": {"consent": "IMPLICIT", "metadataPublish": "NO_CLIENTS"},
    "keys": {"kty": "RSA", "use": "enc", "e": "AQAB", "n": "u" * 342, "status": "INACTIVE"},
}
# What a body may not have as long as the others are such.
UNFIT = {"group_filter_type", "jwks", "jwks_uri", "accessTokenEncryptedResponseAlgorithm"}
NUMBERS = count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replaces the ids of the path, and completes the body."""
    if fits(case, ParameterLocation.PATH):
        case.path_parameters = case.path_parameters | ids(case.operation.path, case.method)
    kind = [part for part in case.operation.path.split("/") if not part.startswith("{")][-1]
    bodied = kind in BODIES and case.method in ("POST", "PUT") and isinstance(case.body, dict)
    if bodied and fits(case, ParameterLocation.BODY) and next(NUMBERS) % 2:
        case.body = {name: value for name, value in case.body.items() if name not in UNFIT} | body(kind)


def fits(case, location):
    """Whether that part is as the document has it."""
    if case.meta is None or case.meta.phase.name == TestPhase.EXAMPLES:
        return location == ParameterLocation.PATH
    part = case.meta.components.get(location)
    return part is not None and part.mode == GenerationMode.POSITIVE


def body(kind):
    named = {"keys": "kid", "associatedServers": None}.get(kind, "name")
    return BODIES[kind] | ({named: f"judged-{next(NUMBERS)}"} if named else {})


def ids(path, method):
    """An existing object for each open part of the path, as far as there is one; one of its own for a DELETE."""
    found = {}
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        collection, rest = path.split(f"/{{{name}}}", 1)
        deleted = method == "DELETE" and not rest
        if name == "authServerId" and not deleted:
            found[name] = SERVER
        elif name == "clientId":
            found[name] = client(collection, method, rest)
        else:
            found[name] = member(collection, deleted)
        if found[name] is None:
            del found[name]
            break
        path = f"{collection}/{found[name]}{rest}"
    return found


def client(collection, method, rest):
    """Nothing makes clients and tokens: the first one's are revoked as long as others stay for the other requests."""
    there = [item["client_id"] for item in listed(collection)]
    if method != "DELETE":
        return there[-1]
    stay = 2 if rest == "/tokens" else 1
    return there[0] if len(there) > stay else IDLE


def member(collection, fresh):
    """The id of the last member that Okta did not make; if there is none, or a new one is asked for, one is made.

    Making one may fail: a server has no more than five keys.
    """
    kind = collection.rsplit("/", 1)[1]
    there = listed(collection)
    if kind in BODIES and "/credentials/" not in collection and (fresh or not there):
        ORG.post(URL + collection, json=body(kind))
        there = listed(collection)
    return next((there[-1][name] for name in ("id", "kid") if name in there[-1]), None) if there else None


def listed(collection):
    answer = ORG.get(URL + collection)
    return [item for item in answer.json() if not item.get("system")] if answer.ok else []
