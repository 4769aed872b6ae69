"""Authlib: each client authentication, code with PKCE, ID tokens by the keys served, refresh, introspection, revocation."""

import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.oidc.core import CodeIDToken
from conftest import CALLBACK, SECRET
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet

VERIFIER = "a verifier of at least forty-three characters!"
INACTIVE = {"active": False}


def sign_in(server, session, scope="openid email offline_access"):
    """By a code, as a browser that does not ask anybody would."""
    address, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=VERIFIER, nonce="nonce", scope=scope
    )
    answer = requests.get(address, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return session.fetch_token(
        server["token_endpoint"], authorization_response=answer.headers["location"], state=state, code_verifier=VERIFIER
    )


def web(server):
    return server.session("web", redirect_uri=CALLBACK, code_challenge_method="S256")


def id_token(server, token, keys=None, nonce="nonce", audience="web", issuer=None, now=None):
    """What an ID token says, once it is verified."""
    read = jwt.decode(token["id_token"], KeySet.import_key_set(keys or server.keys()), algorithms=["RS256"])
    claims = CodeIDToken(
        read.claims,
        read.header,
        {"iss": {"essential": True, "values": [issuer or server.issuer]}, "aud": {"essential": True, "value": audience}},
        {"nonce": nonce, "client_id": audience, "access_token": token["access_token"]},
    )
    claims.validate(now=now)
    return claims


def introspected(session, server, token):
    return session.introspect_token(server["introspection_endpoint"], token=token).json()


@pytest.mark.parametrize("client, method", [
    ("basic", "client_secret_basic"), ("post", "client_secret_post"), ("secret-jwt", "client_secret_jwt"),
])
def test_client_credentials_by_secret(server, client, method):
    session = server.session(client, method=method)
    token = session.fetch_token(server["token_endpoint"], scope="orders:read")
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 600
    told = introspected(session, server, token["access_token"])
    assert told["active"] and told["client_id"] == client and told["scope"] == "orders:read"


def test_client_credentials_by_key(server, key):
    session = server.session("key-jwt", key, method="private_key_jwt")
    token = session.fetch_token(server["token_endpoint"], scope="orders:read")
    assert introspected(session, server, token["access_token"])["client_id"] == "key-jwt"


def test_refusals(server):
    endpoint = server["token_endpoint"]
    for session, scope, error in [
        (server.session("basic", "wrong"), "orders:read", "invalid_client"),
        (server.session("basic", SECRET, "client_secret_post"), "orders:read", "invalid_client"),
        (server.session("basic"), "orders:all", "invalid_scope"),
        (server.session("bound"), "orders:read", "invalid_dpop_proof"),
    ]:
        with pytest.raises(OAuthError) as refused:
            session.fetch_token(endpoint, scope=scope)
        assert refused.value.error == error


def test_a_user_signs_in(server):
    session = web(server)
    token = sign_in(server, session)
    claims = id_token(server, token)
    assert claims["sub"] == "00uAda" and claims["email"] == "ada@example.com" and claims["team"] == ["Developers"]
    told = session.get(server["userinfo_endpoint"]).json()
    assert told["sub"] == "00uAda"


def test_a_code_is_good_with_its_verifier_alone(server):
    session = web(server)
    address, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=VERIFIER, scope="openid"
    )
    back = requests.get(address, allow_redirects=False).headers["location"]
    with pytest.raises(OAuthError) as refused:
        session.fetch_token(
            server["token_endpoint"], authorization_response=back, state=state, code_verifier=VERIFIER[::-1]
        )
    assert refused.value.error == "invalid_grant"


def test_what_is_wrong_with_an_id_token_is_found(server):
    token = sign_in(server, web(server))
    for wrong in [{"nonce": "another"}, {"audience": "basic"}, {"issuer": server.issuer.replace("ausOAuthClients", "default")}]:
        with pytest.raises(Exception, match="Invalid claim|invalid_claim"):
            id_token(server, token, **wrong)
    with pytest.raises(Exception, match="expired_token"):
        id_token(server, token, now=token["expires_at"] + 3600)
    head, claims, signature = token["id_token"].split(".")
    changed = ("B" if signature[0] == "A" else "A") + signature[1:]
    with pytest.raises(BadSignatureError):
        id_token(server, {**token, "id_token": ".".join([head, claims, changed])})
    with pytest.raises(Exception, match="at_hash"):
        id_token(server, {**token, "access_token": "another"})


def test_keys_of_before_a_rotation_do_not_verify(server):
    before = server.keys()
    server.rotate()
    token = sign_in(server, web(server))
    with pytest.raises(InvalidKeyIdError):
        id_token(server, token, keys=before)
    id_token(server, token)


def test_refresh(server):
    session = web(server)
    token = sign_in(server, session)
    fresh = session.refresh_token(server["token_endpoint"], refresh_token=token["refresh_token"])
    assert fresh["access_token"] != token["access_token"]
    assert fresh["refresh_token"] == token["refresh_token"]
    with pytest.raises(OAuthError) as refused:
        session.refresh_token(server["token_endpoint"], refresh_token="unknown")
    assert refused.value.error == "invalid_grant"


def test_introspection_and_revocation(server, tokens):
    session = server.session("web")
    told = introspected(session, server, tokens["access_token"])
    assert told["active"] and told["username"] == "ada@example.com" and told["uid"] == "00uAda"
    answer = session.revoke_token(server["revocation_endpoint"], token=tokens["access_token"])
    assert answer.status_code == 200 and answer.content == b""
    assert introspected(session, server, tokens["access_token"]) == INACTIVE
    assert introspected(session, server, tokens["refresh_token"])["active"]
    session.revoke_token(server["revocation_endpoint"], token=tokens["refresh_token"], token_type_hint="refresh_token")
    assert introspected(session, server, tokens["refresh_token"]) == INACTIVE


def test_a_token_expires_by_the_clock_of_the_mock(server, tokens, later):
    session = server.session("web")
    later("599s")
    assert introspected(session, server, tokens["access_token"])["active"]
    later("2s")
    assert introspected(session, server, tokens["access_token"]) == INACTIVE
    assert introspected(session, server, tokens["refresh_token"])["active"]
