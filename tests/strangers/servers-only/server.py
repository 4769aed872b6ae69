#!/usr/bin/env python3
"""Okta authorization servers without anything below them.

Written by the platform team of a company that lists, makes, edits and retires
authorization servers from a control panel. What the panel does is done with
care, from the reference pages and a few answers copied out of them; scopes,
claims, policies and keys are kept elsewhere, so the fake has none of them.

Specification
=============

General
  * "Authorization: SSWS ..." or "Bearer ..." is asked for: without it 401
    E0000011. Which token it is does not matter.
  * Every answer has X-Okta-Request-Id (32 hexadecimal digits), the three
    X-Rate-Limit headers (6000 a minute, counted but never enforced), the
    headers that forbid caching and the security headers. Bodies are
    application/json; a 204 has no Content-Type.
  * Errors have the five members of Okta. errorLink is the code, errorCauses
    an array; errorId is "sample" and 19 random characters, as in the examples.
  * Timestamps are whole seconds: 2026-01-31T12:00:00.000Z.
  * A body that is not a JSON object: 400 E0000003. A name that is missing or
    empty, audiences that are no list of strings, or an unknown issuerMode or
    rotationMode: 400 E0000001 with the cause. An unknown server: 404 E0000007.
  * Another method than those below: 405 E0000022. Another path, so everything
    below /authorizationServers/ID/ but lifecycle: 404 E0000008, whether the
    server exists or not.

Servers
  * Ids are aus and 17 letters and digits. There is a default server, named
    default, which can also be addressed as "default"; its links and its issuer
    say "default".
  * POST answers 201. Defaults: description "", issuerMode ORG_URL, status
    ACTIVE, rotationMode AUTO. A rotationMode that was sent is honoured.
  * credentials.signing: kid (43 characters), rotationMode, lastRotated and,
    in AUTO mode only, nextRotation 90 days after it.
  * jwks, jwks_uri and accessTokenEncryptedResponseAlgorithm are kept as sent.
  * _links as in the examples of the reference: self, scopes, claims and
    policies (GET), rotateKey, metadata, and deactivate or, when the server is
    INACTIVE, activate. Neither a link keys nor a member "default".
  * PUT replaces name and description, and audiences, issuerMode and
    rotationMode if sent; read-only members and status are ignored. lastUpdated
    moves when something changed. A change of the rotationMode makes a new key:
    kid and lastRotated are new.
  * activate and deactivate answer 204 whatever the status was.
  * DELETE answers 204 for an INACTIVE server. An ACTIVE one has to be
    deactivated first: 400 E0000001. The default server is refused: 403
    E0000006.
  * The list has the default server first, then the others by age. q looks into
    name and audiences, without regard to case. limit (200 at most, and if left
    out) and after (the id of the last server seen) make pages. Link has self
    and, if more servers follow, next; their parameters are in alphabetical
    order.
"""

import json
import re
import secrets
import string
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

ROOT = "/api/v1/authorizationServers"
DAY = 24 * 60 * 60
ALPHABET = string.ascii_letters + string.digits
ISSUER_MODES = ("ORG_URL", "CUSTOM_URL", "DYNAMIC")
ROTATION_MODES = ("AUTO", "MANUAL")
KEPT = ("jwks", "jwks_uri", "accessTokenEncryptedResponseAlgorithm")
RATE_LIMIT = 6000


def letters(count):
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def timestamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


class OktaError(Exception):
    def __init__(self, status, code, summary, causes=()):
        super().__init__(summary)
        self.status = status
        self.body = {
            "errorCode": code,
            "errorSummary": summary,
            "errorLink": code,
            "errorId": "sample" + letters(19),
            "errorCauses": [{"errorSummary": cause} for cause in causes],
        }


def invalid(field, message):
    return OktaError(400, "E0000001", "Api validation failed: " + field,
                     ["%s: %s" % (field, message)])


def not_found(server_id):
    return OktaError(404, "E0000007",
                     "Not found: Resource not found: %s (AuthorizationServer)" % server_id)


def path_not_found():
    return OktaError(404, "E0000008", "The requested path was not found")


class Server:
    """One authorization server; its times are seconds since 1970."""

    def __init__(self, fields, default=False):
        self.id = "aus" + letters(17)
        self.default = default
        self.fields = fields
        self.status = "ACTIVE"
        self.created = self.updated = int(time.time())
        self.new_key()

    def new_key(self):
        self.kid = secrets.token_urlsafe(32)
        self.rotated = int(time.time())

    def update(self, fields):
        if fields == self.fields:
            return
        if fields["rotationMode"] != self.fields["rotationMode"]:
            self.new_key()
        self.fields = fields
        self.updated = int(time.time())

    def set_status(self, status):
        if status != self.status:
            self.status = status
            self.updated = int(time.time())

    def matches(self, text):
        haystack = [self.fields["name"], *self.fields["audiences"]]
        return any(text.lower() in straw.lower() for straw in haystack)

    def view(self, base):
        name = "default" if self.default else self.id
        signing = {
            "rotationMode": self.fields["rotationMode"],
            "lastRotated": timestamp(self.rotated),
            "kid": self.kid,
        }
        if signing["rotationMode"] == "AUTO":
            signing["nextRotation"] = timestamp(self.rotated + 90 * DAY)
        shown = {
            "id": self.id,
            "name": self.fields["name"],
            "description": self.fields["description"],
            "audiences": self.fields["audiences"],
            "issuer": "%s/oauth2/%s" % (base, name),
            "issuerMode": self.fields["issuerMode"],
            "status": self.status,
            "created": timestamp(self.created),
            "lastUpdated": timestamp(self.updated),
            "credentials": {"signing": signing},
            "_links": self.links(base, name),
        }
        shown.update((key, self.fields[key]) for key in KEPT if key in self.fields)
        return shown

    def links(self, base, name):
        url = "%s%s/%s" % (base, ROOT, name)

        def link(href, *allow):
            return {"href": href, "hints": {"allow": list(allow)}}

        def metadata(kind):
            href = "%s/oauth2/%s/.well-known/%s" % (base, name, kind)
            return {"name": kind, **link(href, "GET")}

        turn = "deactivate" if self.status == "ACTIVE" else "activate"
        return {
            "scopes": link(url + "/scopes", "GET"),
            "claims": link(url + "/claims", "GET"),
            "policies": link(url + "/policies", "GET"),
            "self": link(url, "GET", "DELETE", "PUT"),
            "metadata": [metadata("oauth-authorization-server"),
                         metadata("openid-configuration")],
            "rotateKey": link(url + "/credentials/lifecycle/keyRotate", "POST"),
            turn: link("%s/lifecycle/%s" % (url, turn), "POST"),
        }


class Org:
    """The servers of the org, the default one first."""

    def __init__(self):
        self.lock = RLock()
        self.servers = [Server({
            "name": "default",
            "description": "Default Authorization Server for your Applications",
            "audiences": ["api://default"],
            "issuerMode": "ORG_URL",
            "rotationMode": "AUTO",
        }, default=True)]

    def find(self, server_id):
        for server in self.servers:
            if server.id == server_id or (server.default and server_id == "default"):
                return server
        raise not_found(server_id)

    def page(self, query, after, limit):
        found = [s for s in self.servers if s.matches(query)]
        if after:
            seen = [i for i, s in enumerate(found) if s.id == after]
            found = found[seen[0] + 1:] if seen else []
        return found[:limit], len(found) > limit

    def delete(self, server):
        if server.default:
            raise OktaError(403, "E0000006",
                            "You do not have permission to perform the requested action")
        if server.status == "ACTIVE":
            raise invalid("status", "Deactivate the authorization server before deleting it.")
        self.servers.remove(server)


ORG = Org()


def fields_of(body, old):
    """What a POST (old is None) or a PUT makes of its body."""
    credentials = body.get("credentials")
    signing = credentials.get("signing") if isinstance(credentials, dict) else None
    signing = signing if isinstance(signing, dict) else {}
    old = old or {"issuerMode": "ORG_URL", "rotationMode": "AUTO"}
    fields = {
        "name": body.get("name"),
        "description": body.get("description") or "",
        "audiences": body.get("audiences") or old.get("audiences"),
        "issuerMode": body.get("issuerMode") or old["issuerMode"],
        "rotationMode": signing.get("rotationMode") or old["rotationMode"],
    }
    fields.update((key, body[key]) for key in KEPT if body.get(key) is not None)
    if not isinstance(fields["name"], str) or not fields["name"].strip():
        raise invalid("name", "The field cannot be left blank")
    audiences = fields["audiences"]
    if not isinstance(audiences, list) or not all(isinstance(a, str) for a in audiences):
        raise invalid("audiences", "The field cannot be left blank")
    if fields["issuerMode"] not in ISSUER_MODES:
        raise invalid("issuerMode", "Invalid value")
    if fields["rotationMode"] not in ROTATION_MODES:
        raise invalid("credentials.signing.rotationMode", "Invalid value")
    return fields


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True
    calls = {}  # minute -> number of requests

    def log_message(self, *args):
        pass

    def version_string(self):
        return "nginx"

    # --- answering ---------------------------------------------------------

    def answer(self, status, value=None, links=()):
        data = b"" if value is None else json.dumps(value).encode()
        minute = int(time.time()) // 60
        used = self.calls[minute] = self.calls.get(minute, 0) + 1
        self.send_response(status)
        for name, text in (
            ("X-Okta-Request-Id", secrets.token_hex(16)),
            ("X-Rate-Limit-Limit", RATE_LIMIT),
            ("X-Rate-Limit-Remaining", max(0, RATE_LIMIT - used)),
            ("X-Rate-Limit-Reset", (minute + 1) * 60),
            ("Cache-Control", "no-cache, no-store"),
            ("Pragma", "no-cache"),
            ("Expires", "0"),
            ("Strict-Transport-Security", "max-age=315360000; includeSubDomains"),
            ("X-XSS-Protection", "0"),
        ):
            self.send_header(name, str(text))
        for link in links:
            self.send_header("Link", link)
        if status == 204:
            self.send_header("X-Frame-Options", "SAMEORIGIN")
        else:
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def serve(self):
        self.raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.base = "http://" + self.headers.get("Host", "localhost")
        try:
            if not re.match(r"(SSWS|Bearer) +\S", self.headers.get("Authorization", "")):
                raise OktaError(401, "E0000011", "Invalid token provided")
            with ORG.lock:
                self.route()
        except OktaError as error:
            self.answer(error.status, error.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = serve

    def route(self):
        path = urlsplit(self.path).path
        if path == ROOT:
            handlers = {"GET": self.list_servers, "POST": self.create}
        else:
            match = re.fullmatch(ROOT + r"/([^/]+)(/lifecycle/(?:activate|deactivate))?", path)
            if not match:
                raise path_not_found()
            server_id, lifecycle = unquote(match[1]), match[2]
            if lifecycle:
                status = "ACTIVE" if lifecycle.endswith("/activate") else "INACTIVE"
                handlers = {"POST": lambda: self.lifecycle(server_id, status)}
            else:
                handlers = {
                    "GET": lambda: self.answer(200, ORG.find(server_id).view(self.base)),
                    "PUT": lambda: self.replace(server_id),
                    "DELETE": lambda: self.delete(server_id),
                }
        if self.command not in handlers:
            raise OktaError(405, "E0000022",
                            "The endpoint does not support the provided HTTP method")
        handlers[self.command]()

    # --- the operations ----------------------------------------------------

    def json_body(self):
        try:
            body = json.loads(self.raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise OktaError(400, "E0000003", "The request body was not well-formed.")
        return body

    def list_servers(self):
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        try:
            limit = int(query.get("limit", 200))
        except ValueError:
            raise invalid("limit", "The field must be a number") from None
        limit = min(limit, 200) if limit > 0 else 200
        known = {k: query[k] for k in ("after", "q") if k in query}
        known["limit"] = limit
        page, more = ORG.page(query.get("q", ""), query.get("after"), limit)

        def link(rel, **changes):
            text = urlencode(sorted({**known, **changes}.items()))
            return '<%s%s?%s>; rel="%s"' % (self.base, ROOT, text, rel)

        links = [link("self")]
        if more:
            links.append(link("next", after=page[-1].id))
        self.answer(200, [s.view(self.base) for s in page], links)

    def create(self):
        server = Server(fields_of(self.json_body(), None))
        ORG.servers.append(server)
        self.answer(201, server.view(self.base))

    def replace(self, server_id):
        server = ORG.find(server_id)
        server.update(fields_of(self.json_body(), server.fields))
        self.answer(200, server.view(self.base))

    def delete(self, server_id):
        ORG.delete(ORG.find(server_id))
        self.answer(204)

    def lifecycle(self, server_id, status):
        ORG.find(server_id).set_status(status)
        self.answer(204)


if __name__ == "__main__":
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    print("listening on http://127.0.0.1:%d" % httpd.server_address[1], flush=True)
    httpd.serve_forever()
