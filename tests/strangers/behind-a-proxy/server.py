#!/usr/bin/env python3
"""behind-a-proxy: a careful fake, and the gateway in front of it

What it is. A fake of Okta's authorization servers with their scopes, claims, policies and rules, and
before it the gateway through which everything at the author's firm goes. The gateway is what listens.

Who would write it so. A platform team whose services reach Okta through an API gateway. The fake was
written with care, from the documentation and from answers of a real org, and is good; the gateway was
copied from the production configuration, so that the tests "see what production sees".

Behaviours of the fake (the inner service).
  1.  A default server is there from the start, with a policy and a rule. `default` and the id both name
      it; its links and its issuer say `default`; it cannot be deleted. Other servers can, ACTIVE or not.
  2.  A new server has seven system scopes, the 19 system claims and no policy.
  3.  Input is checked: E0000001 for members that are missing or wrong, E0000003 for a body that is no
      JSON object. What does not exist is 404 E0000007 with its class in the summary.
  4.  rotationMode MANUAL is taken by PUT alone, and then there is no nextRotation. A PUT of a server that
      changes nothing leaves lastUpdated alone. A missing description is null.
  5.  Lists of servers and scopes are paged with limit and after, and searched with q.
  6.  The status of policies and rules changes by lifecycle calls alone. Both are numbered from 1 without
      gaps; a priority that is too high is lowered.
  7.  Headers as Okta's: request id, rate limit (told, never enforced), no caching, nosniff.
  8.  Any SSWS or Bearer token is accepted; a request without one is refused with 401 E0000011.
Behaviours of the gateway.
  9.  It routes the families above. The rest (associated servers, clients and tokens, signing keys and their
      rotation, resource server keys, other paths and methods) is 403 {"message": "Missing Authentication Token"}.
  10. It renames headers to the house's standard: X-Okta-Request-Id to X-Request-Id, X-Rate-Limit-* to
      RateLimit-*. It removes Link ("leaks inner URLs"), Pragma and Expires and sets its own Cache-Control.
  11. An empty 204 becomes 200 with the body {}.
  12. Of the query it passes limit and after; other parameters are dropped.
  13. On the route of a single scope PUT is mapped to POST, by mistake, and the fake answers 405.
  14. A body that is no JSON is refused by the gateway itself, with 400 {"message": "..."}, and a request
      without Content-Length is sent on with Content-Length: 0.
"""

import json
import re
import secrets
import string
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

# == the fake: errors and checks ==================================================================

class Refused(Exception):
    def __init__(self, status, code, summary, *causes):
        super().__init__(summary)
        self.status, self.code, self.summary, self.causes = status, code, summary, causes

def malformed():
    return Refused(400, "E0000003", "The request body was not well-formed.")

def need(true, subject, cause="The field is missing or invalid"):
    if not true:
        raise Refused(400, "E0000001", f"Api validation failed: {subject}", f"{subject}: {cause}")

def typed(body, name, kind, default=None):
    """An optional member of a request; null is the same as absence."""
    if body.get(name) is None:
        return default
    value = body[name]
    need(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)), name)
    return value

def text(body, name, most=10_000):
    value = typed(body, name, str)
    need(value and len(value) <= most, name, f"The field must have 1 to {most} characters")
    return value

def one_of(body, name, values, default=None):
    value = typed(body, name, str, default)
    need(value is default or value in values, name, f"must be one of {', '.join(values)}")
    return value

def texts(body, name, default=None):
    value = typed(body, name, list, default)
    need(value is default or all(isinstance(item, str) for item in value), name)
    return value

# == the fake: what clients may send; `old` is what a PUT replaces ================================

def read_server(body, old):
    audiences, signing = texts(body, "audiences"), typed(typed(body, "credentials", dict, {}), "signing", dict, {})
    need(audiences and len(audiences) == 1 and audiences[0], "audiences", "Exactly one audience is needed")
    one_of(signing, "use", ("sig",))
    one_of(body, "status", ("ACTIVE", "INACTIVE"))
    rotation, modes = one_of(signing, "rotationMode", ("AUTO", "MANUAL")), ("ORG_URL", "CUSTOM_URL", "DYNAMIC")
    kept = {name: body[name] for name in ("jwks", "accessTokenEncryptedResponseAlgorithm") if body.get(name)}
    return {
        "name": text(body, "name"),
        "description": typed(body, "description", str),
        "audiences": audiences,
        "issuerMode": one_of(body, "issuerMode", modes, old.get("issuerMode", "ORG_URL")),
        "rotationMode": (rotation or old["rotationMode"]) if old else "AUTO",
        **kept,
    }

def read_scope(body, _):
    name, shown = text(body, "name"), typed(body, "displayName", str)
    reserved = name.startswith(("okta.", "okta:")) and name != "okta.myAccount.sessions.manage"
    well_formed = re.fullmatch(r"[!#-\[\]-~]+", name) and name not in ("okta", "*")
    need(well_formed and not reserved, "name", "The name is reserved or has invalid characters")
    return {
        "name": name,
        **({} if shown is None else {"displayName": shown}),
        "description": typed(body, "description", str),
        "metadataPublish": one_of(body, "metadataPublish", ("ALL_CLIENTS", "NO_CLIENTS"), "NO_CLIENTS"),
        "consent": one_of(body, "consent", ("IMPLICIT", "REQUIRED", "FLEXIBLE"), "IMPLICIT"),
        "default": typed(body, "default", bool, False),
        "optional": typed(body, "optional", bool, False),
    }

def read_claim(body, _):
    token = one_of(body, "claimType", ("IDENTITY", "RESOURCE"))
    form = one_of(body, "valueType", ("EXPRESSION", "GROUPS", "SYSTEM"))
    need(token and form, "claimType" if form else "valueType")
    fields = {
        "name": text(body, "name"),
        "status": one_of(body, "status", ("ACTIVE", "INACTIVE"), "ACTIVE"),
        "claimType": token,
        "valueType": form,
        "conditions": {"scopes": texts(typed(body, "conditions", dict, {}), "scopes", [])},
        "alwaysIncludeInToken": typed(body, "alwaysIncludeInToken", bool, token == "RESOURCE"),
    }
    if form != "SYSTEM":
        fields["value"] = text(body, "value")
    if form == "GROUPS":
        fields["group_filter_type"] = one_of(body, "group_filter_type", FILTERS, "STARTS_WITH")
    return fields

def read_policy(body, _):
    one_of(body, "type", ("OAUTH_AUTHORIZATION_POLICY",))
    clients = typed(typed(body, "conditions", dict, {}), "clients", dict, {})
    return {
        "name": text(body, "name", 100),
        "description": None if body.get("description") is None else text(body, "description", 255),
        "conditions": {"clients": {"include": texts(clients, "include", [])}},
    }

FILTERS = ("STARTS_WITH", "EQUALS", "CONTAINS", "REGEX")
FOR_USERS = ("authorization_code", "implicit", "password")
PEOPLE_NEEDED = (
    "At least one of ''conditions.people.users.include'' or ''conditions.people.groups.include'' must contain a valid "
    "user or group when ''conditions.grantTypes'' contains one or more of [authorization_code, implicit, password]."
)
NO_SCOPES = "Cannot add scopes to 'action.scopes', add to 'conditions.scopes.include' instead."
LIFETIMES = (  # name, default, least, most
    ("accessTokenLifetimeMinutes", 60, 5, 1440),
    ("refreshTokenLifetimeMinutes", 0, 0, 2**31),
    ("refreshTokenWindowMinutes", 10080, 5, 2628000),
)

def read_rule(body, _):
    if "type" in body and body["type"] is None:
        raise malformed()
    need(one_of(body, "type", ("RESOURCE_ACCESS",)), "type")
    conditions, actions = typed(body, "conditions", dict), typed(body, "actions", dict, {})
    need(conditions is not None, "conditions")
    need("scopes" not in actions, "actions.scopes", NO_SCOPES)
    grants = texts(typed(conditions, "grantTypes", dict, {}), "include", [])
    machine = [grant for grant in grants if grant == "client_credentials" or grant.startswith("urn:")]
    need(grants, "conditions.grantTypes", "At least one grant type is needed")
    people = typed(conditions, "people", dict, {})
    users, groups = typed(people, "users", dict, {}), typed(people, "groups", dict, {})
    somebody = texts(users, "include") or texts(groups, "include") or len(machine) == len(grants)
    need(somebody and not set(grants) - set(machine) - set(FOR_USERS), "conditions.people", PEOPLE_NEEDED)
    shown = {"users": {"exclude": texts(users, "exclude", [])}}
    if users.get("include") is not None:
        shown["users"]["include"] = users["include"]
    if groups:
        shown["groups"] = {key: texts(groups, key) for key in ("include", "exclude") if groups.get(key) is not None}
    wanted, token = typed(actions, "token", dict, {}), {}
    for name, default, least, most in LIFETIMES:
        token[name] = typed(wanted, name, int, default)
        need(least <= token[name] <= most, f"actions.token.{name}", f"must be between {least} and {most}")
    access, refresh, _ = token.values()
    need(refresh == 0 or refresh >= access, "refreshTokenLifetimeMinutes", "is less than the access token's")
    if wanted.get("inlineHook"):
        token["inlineHook"] = {"id": text(typed(wanted, "inlineHook", dict), "id")}
    scopes = {"include": texts(typed(conditions, "scopes", dict, {}), "include", [])}
    shown = {"people": shown, "grantTypes": {"include": grants}, "scopes": scopes}
    return {"name": text(body, "name"), "conditions": shown, "actions": {"token": token}}

# == the fake: what is kept, how it is shown and changed ==========================================

TOP = "authorizationServers"
FAMILIES = {  # reader, prefix of the ids, class in errors, families below
    TOP: (read_server, "aus", "AuthorizationServer", ("scopes", "claims", "policies")),
    "scopes": (read_scope, "scp", "OAuth2Scope", ()),
    "claims": (read_claim, "ocl", "OAuth2Claim", ()),
    "policies": (read_policy, "00p", "Policy", ("rules",)),
    "rules": (read_rule, "0pr", "PolicyRule", ()),
}
SYSTEM_SCOPES = {
    "openid": ("openid", "Signals that a request is an OpenID request."),
    "profile": ("View your profile information.", "The exact data varies based on what profile you have."),
    "email": ("View your email address.", "This allows the app to view your email address."),
    "address": ("View your address.", "This allows the app to view your address."),
    "phone": ("View your phone number.", "This allows the app to view your phone number."),
    "offline_access": ("Keep you signed in to the app.", "This keeps you signed in to the app."),
    "device_sso": ("Request device secret.", "This allows the app to request a device secret."),
}
OF_PROFILE = "birthdate family_name gender given_name locale middle_name name nickname picture preferred_username profile"
SYSTEM_CLAIMS = {"address": "address", "email": "email", "email_verified": "email", "phone_number": "phone"}
SYSTEM_CLAIMS.update(dict.fromkeys(f"{OF_PROFILE} updated_at website zoneinfo".split(), "profile"))
SUB_VALUE = "(appuser != null) ? appuser.userName : app.clientId"
SUB = {"name": "sub", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": SUB_VALUE}

def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))

def link(href, *allow):
    return {"href": href, "hints": {"allow": list(allow)}}

class Thing:
    """A server, scope, claim, policy or rule."""
    def __init__(self, family, parent, fields, system=False):
        self.family, self.parent, self.fields, self.system = family, parent, fields, system
        _, prefix, _, below = FAMILIES[family]
        self.id = prefix + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(17))
        self.status, self.below, self.kid = "ACTIVE", {name: [] for name in below}, secrets.token_urlsafe(32)
        self.created = self.updated = int(time.time())
        if family == TOP:
            for name, (shown, words) in SYSTEM_SCOPES.items():
                scope = {"name": name, "displayName": shown, "description": words, "metadataPublish": "ALL_CLIENTS"}
                self.below["scopes"].append(Thing("scopes", self, read_scope(scope, {}), True))
            self.below["claims"].append(Thing("claims", self, read_claim(SUB, {}), True))
            for name, scope in SYSTEM_CLAIMS.items():
                claim = {"name": name, "claimType": "IDENTITY", "valueType": "SYSTEM", "conditions": {"scopes": [scope]},
                         "alwaysIncludeInToken": name in ("email", "name", "preferred_username")}
                self.below["claims"].append(Thing("claims", self, read_claim(claim, {}), True))

    def path(self):
        above = self.parent.path() if self.parent else "/api/v1"
        return f"{above}/{self.family}/{'default' if self.family == TOP and self.system else self.id}"

    def view(self, base, siblings):
        url, fields = base + self.path(), dict(self.fields)
        self_link = link(url, "GET", "PUT", "DELETE")
        if self.family in ("scopes", "claims"):
            return {"id": self.id, **fields, "system": self.system, "apiResourceId": None, "_links": {"self": self_link}}
        turn = "deactivate" if self.status == "ACTIVE" else "activate"
        turn_link = {turn: link(f"{url}/lifecycle/{turn}", "POST")}
        times = {"created": moment(self.created), "lastUpdated": moment(self.updated)}
        if self.family != TOP:
            rules = {"rules": link(url + "/rules", "GET")} if self.family == "policies" else {}
            kind = "OAUTH_AUTHORIZATION_POLICY" if rules else "RESOURCE_ACCESS"
            head = {"id": self.id, "type": kind, "status": self.status, "priority": siblings.index(self) + 1}
            return {**head, **fields, "system": False, **times, "_links": {**turn_link, "self": self_link, **rules}}
        issuer = f"{base}/oauth2/{'default' if self.system else self.id}"
        signing = {"kid": self.kid, "rotationMode": fields.pop("rotationMode"), "lastRotated": moment(self.created)}
        if signing["rotationMode"] == "AUTO":
            signing["nextRotation"] = moment(self.created + 90 * 24 * 3600)
        metadata = [{"name": name, **link(f"{issuer}/.well-known/{name}", "GET")}
                    for name in ("oauth-authorization-server", "openid-configuration")]
        links = {name: link(f"{url}/{name}", "GET", "POST") for name in ("claims", "policies", "scopes")}
        links.update(keys=link(url + "/credentials/keys", "GET"), self=link(url, "GET", "DELETE", "PUT"), **turn_link)
        links.update(rotateKey=link(url + "/credentials/lifecycle/keyRotate", "POST"), metadata=metadata)
        head = {"id": self.id, **fields, "issuer": issuer, "status": self.status, **times}
        return {**head, "credentials": {"signing": signing}, "default": self.system, "_links": links}

def seed():
    server = {"name": "default", "description": "Default Authorization Server", "audiences": ["api://default"]}
    policy = {"name": "Default Policy", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}
    rule = {"type": "RESOURCE_ACCESS", "name": "Default Policy Rule", "conditions": {
        "people": {"groups": {"include": ["EVERYONE"]}}, "scopes": {"include": ["*"]},
        "grantTypes": {"include": [*FOR_USERS, "client_credentials"]}}}
    default = Thing(TOP, None, read_server(server, {}), True)
    first = Thing("policies", default, {**read_policy(policy, {}), "description": "Default policy description"})
    default.below["policies"].append(first)
    first.below["rules"].append(Thing("rules", first, read_rule(rule, {})))
    return [default]

SERVERS = seed()

class Call:
    def __init__(self, method, path, query, raw, base):
        self.method, self.path, self.query, self.raw, self.base, self.link = method, path, query, raw, base, []

    def answer(self):
        parts, owner, families = self.path.split("/")[3:], None, {TOP: SERVERS}
        while parts:
            family = parts.pop(0)
            if family == "lifecycle" and owner and parts in (["activate"], ["deactivate"]):
                owner.status, owner.updated = "ACTIVE" if parts == ["activate"] else "INACTIVE", int(time.time())
                return 204, None
            if family not in families:
                break
            siblings = families[family]
            if not parts:
                return self.collection(family, owner, siblings)
            key = parts.pop(0)
            one = next((t for t in siblings if key == t.id or (t is SERVERS[0] and key == "default")), None)
            if one is None:
                raise Refused(404, "E0000007", f"Not found: Resource not found: {key} ({FAMILIES[family][2]})")
            if not parts:
                return self.item(one, siblings)
            owner, families = one, one.below
        raise Refused(404, "E0000008", "The requested path was not found")

    def collection(self, family, owner, siblings):
        if self.method == "POST":
            fields, priority = self.read(family, siblings)
            one = Thing(family, owner, fields)
            siblings.insert(len(siblings) if priority is None else max(0, priority - 1), one)
            return 201, one.view(self.base, siblings)
        shown = self.page(siblings, family) if family in (TOP, "scopes") else siblings
        return 200, [one.view(self.base, siblings) for one in shown]

    def item(self, one, siblings):
        if self.method == "PUT":
            fields, priority = self.read(one.family, siblings, one)
            if fields != one.fields or one.family != TOP:
                one.fields, one.updated = fields, int(time.time())
            if priority is not None:
                siblings.remove(one)
                siblings.insert(max(0, priority - 1), one)
        elif self.method == "DELETE":
            if one.system:
                raise Refused(403, "E0000006", "You do not have permission to perform the requested action")
            siblings.remove(one)
            return 204, None
        elif self.method != "GET":
            raise Refused(405, "E0000022", "The endpoint does not support the provided HTTP method")
        return 200, one.view(self.base, siblings)

    def read(self, family, siblings, one=None):
        """The fields and the priority of the body."""
        body = json.loads(self.raw or b"null")  # the gateway has seen to it that it is JSON
        if not isinstance(body, dict):
            raise malformed()
        fields = FAMILIES[family][0](body, one.fields if one else {})
        same = {"scopes": ("name",), "claims": ("name", "claimType")}.get(family)
        taken = same and any(all(t.fields[m] == fields[m] for m in same) for t in siblings if t is not one)
        need(not taken, "name", "An object with this field already exists in the current organization")
        return fields, typed(body, "priority", int) if family in ("policies", "rules") else None

    def page(self, things, family):
        words, limit = self.query.get("q", "").lower(), self.query.get("limit", "200" if family == TOP else "")
        if limit and not (limit.isdecimal() and int(limit) > 0):
            raise Refused(400, "E0000029", "Invalid paging request.")
        found = [t for t in things if any(words in w.lower() for w in (t.fields["name"], *t.fields.get("audiences", ())))]
        ids = [t.id for t in found]
        rest = found[ids.index(self.query["after"]) + 1 :] if self.query.get("after") in ids else found
        shown = rest[: min(int(limit or 200), 200)]
        query = {**self.query, **({"limit": limit} if limit else {})}
        self.link = [("self", query)] + ([("next", {**query, "after": shown[-1].id})] if len(shown) < len(rest) else [])
        return shown

# == HTTP: the fake, and the gateway ==============================================================

class Handler(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm, wbufsize, sys_version = "HTTP/1.1", True, -1, ""

    def serve(self):
        self.raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.respond(urlsplit(self.path))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = serve

    def send(self, status, value, headers):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        of_body = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))] if value is not None else []
        for name, header in headers + of_body:
            self.send_header(name, header)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass

class Fake(Handler):
    server_version = "nginx"
    lock, window, used = threading.Lock(), 0, 0

    def respond(self, url):
        base = f"http://{self.headers.get('Host', 'localhost')}"
        call = Call(self.command, url.path, dict(parse_qsl(url.query, keep_blank_values=True)), self.raw, base)
        with self.lock:
            try:
                if not re.match(r"(SSWS|Bearer) \S", self.headers.get("Authorization", "")):
                    raise Refused(401, "E0000011", "Invalid token provided")
                status, value = call.answer()
            except Refused as refused:
                status, code = refused.status, refused.code
                value = {"errorCode": code, "errorSummary": refused.summary, "errorLink": code,
                         "errorId": "oae" + secrets.token_urlsafe(17)[:22],
                         "errorCauses": [{"errorSummary": cause} for cause in refused.causes]}
            window = int(time.time()) // 60
            Fake.window, Fake.used = window, Fake.used + 1 if Fake.window == window else 1
            left = max(0, 10_000 - Fake.used)
        headers = [("X-Okta-Request-Id", secrets.token_hex(16)), ("X-Rate-Limit-Limit", "10000"),
                   ("X-Rate-Limit-Remaining", str(left)), ("X-Rate-Limit-Reset", str((window + 1) * 60)),
                   ("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache"), ("Expires", "0"),
                   ("Strict-Transport-Security", "max-age=315360000; includeSubDomains"), ("X-XSS-Protection", "0"),
                   ("X-Frame-Options", "SAMEORIGIN") if value is None else ("X-Content-Type-Options", "nosniff")]
        for relation, query in call.link:
            headers.append(("Link", f'<{base}{url.path}?{urlencode(sorted(query.items()))}>; rel="{relation}"'))
        self.send(status, value, headers)

FAMILY = "(scopes|claims|policies|policies/[^/]+/rules)"
ROUTES = [
    (f"/api/v1/{TOP}", "GET POST"),
    (f"/api/v1/{TOP}/[^/]+", "GET PUT DELETE"),
    (f"/api/v1/{TOP}/[^/]+/{FAMILY}", "GET POST"),
    (f"/api/v1/{TOP}/[^/]+/{FAMILY}/[^/]+", "GET PUT DELETE"),
    (f"/api/v1/{TOP}/[^/]+(/policies/[^/]+(/rules/[^/]+)?)?/lifecycle/(activate|deactivate)", "POST"),
]
RENAMED = {"x-okta-request-id": "X-Request-Id", "x-rate-limit-limit": "RateLimit-Limit",
           "x-rate-limit-remaining": "RateLimit-Remaining", "x-rate-limit-reset": "RateLimit-Reset"}
REMOVED = ("link", "pragma", "expires", "cache-control", "content-length", "content-type", "server", "date")

class Gateway(Handler):
    server_version = "gateway"
    fake, way = None, None  # the fake's address, and this client's connection to it

    def respond(self, url):
        own = [("Cache-Control", "private, max-age=0"), ("Via", "1.1 gateway")]
        if not any(self.command in methods.split() and re.fullmatch(path, url.path) for path, methods in ROUTES):
            return self.send(403, {"message": "Missing Authentication Token"}, own)
        try:
            json.loads(self.raw or b"{}")
        except ValueError:
            return self.send(400, {"message": "Could not parse request body into json"}, own)
        method = "POST" if self.command == "PUT" and re.search("/scopes/[^/]+$", url.path) else self.command
        query = urlencode([(name, value) for name, value in parse_qsl(url.query) if name in ("limit", "after")])
        headers = {n: self.headers[n] for n in ("Authorization", "Accept", "Content-Type", "Host") if n in self.headers}
        headers["Content-Length"] = str(len(self.raw))
        self.way = self.way or HTTPConnection(*self.fake)
        self.way.request(method, url.path + (query and "?" + query), self.raw, headers)
        answer = self.way.getresponse()
        body = answer.read()
        own += [(RENAMED.get(n.lower(), n), value) for n, value in answer.getheaders() if n.lower() not in REMOVED]
        self.send(200 if answer.status == 204 else answer.status, json.loads(body) if body else {}, own)

def main():
    fake = ThreadingHTTPServer(("127.0.0.1", 0), Fake)
    threading.Thread(target=fake.serve_forever, daemon=True).start()
    Gateway.fake = fake.server_address[:2]
    gateway = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    print(f"listening on http://127.0.0.1:{gateway.server_address[1]}", flush=True)
    gateway.serve_forever()

if __name__ == "__main__":
    main()
