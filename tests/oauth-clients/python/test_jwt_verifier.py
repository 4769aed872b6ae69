"""okta-jwt-verifier: what it accepts, and what it refuses."""

import asyncio
from datetime import datetime, timedelta

import jwt
import pytest
from okta_jwt_verifier import AccessTokenVerifier, IDTokenVerifier
from okta_jwt_verifier.exceptions import JWTValidationException

AUDIENCE = "api://oauth-clients"


def access(server, audience=AUDIENCE, issuer=None, **options):
    return AccessTokenVerifier(issuer=issuer or server.issuer, audience=audience, max_retries=1, **options)


def identity(server, client_id="web"):
    return IDTokenVerifier(issuer=server.issuer, client_id=client_id, max_retries=1)


def forged(token):
    head, claims, signature = token.split(".")
    return ".".join([head, claims, ("B" if signature[0] == "A" else "A") + signature[1:]])


def refused(verifier, token, why):
    with pytest.raises(JWTValidationException, match=why):
        verifier.verify_sync(token)


def test_an_access_token(server, access_token):
    access(server).verify_sync(access_token)
    asyncio.run(access(server).verify(access_token))


def test_an_id_token(server, tokens):
    identity(server).verify_sync(tokens["id_token"])
    refused(identity(server, "basic"), tokens["id_token"], "Client ID")


def test_what_is_wrong_with_an_access_token_is_found(server, access_token):
    refused(access(server, audience="api://other"), access_token, "[Aa]udience")
    refused(access(server, issuer=server.issuer.replace("ausOAuthClients", "default")), access_token, "[Ii]ssuer")
    refused(access(server), forged(access_token), "[Ss]ignature")


def test_a_token_after_its_time(server, access_token, monkeypatch):
    # Of the library below, which is asked whether a time has come.
    def ahead(seconds):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(seconds=seconds)

        monkeypatch.setattr(jwt.api_jwt, "datetime", Clock)

    ahead(590)
    access(server, leeway=0).verify_sync(access_token)
    ahead(610)
    refused(access(server, leeway=0), access_token, "expired")


def test_tokens_across_rotations(server, access_token):
    server.rotate()
    session = server.session("basic")
    fresh = session.fetch_token(server["token_endpoint"], scope="orders:read")["access_token"]
    # The former key is still served.
    access(server).verify_sync(access_token)
    access(server).verify_sync(fresh)
    server.rotate()
    refused(access(server), access_token, "No matching JWK")
    access(server).verify_sync(fresh)
