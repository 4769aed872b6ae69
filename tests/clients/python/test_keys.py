"""Signing keys: list, read, rotate."""

from okta.models import JwkUse, JwkUseType


def active(keys):
    (key,) = [key for key in keys if key.status == "ACTIVE"]
    return key


def test_active_key_is_the_one_of_the_server(okta, server):
    keys = okta.list_authorization_server_keys(server.id)
    key = active(keys)
    assert key.kid == server.credentials.signing.kid
    assert (key.kty, key.alg, key.use, key.e) == ("RSA", "RS256", "sig", "AQAB")
    assert okta.get_authorization_server_key(server.id, key.kid) == key


def test_rotation_makes_another_key_active(okta, server):
    before = active(okta.list_authorization_server_keys(server.id))
    answer = okta.rotate_authorization_server_keys(server.id, JwkUse(use=JwkUseType.SIG))
    after = active(answer)
    assert after.kid != before.kid
    assert {key.kid: key.status for key in answer}[before.kid] == "EXPIRED"
    assert active(okta.list_authorization_server_keys(server.id)).kid == after.kid
    signing = okta.get_authorization_server(server.id).credentials.signing
    assert signing.kid == after.kid
    assert signing.last_rotated >= server.credentials.signing.last_rotated
