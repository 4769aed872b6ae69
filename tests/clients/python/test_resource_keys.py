"""Keys that tokens are encrypted for: add, read, list, activate, deactivate, delete."""

from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from okta.errors.okta_api_error import OktaAPIError
from okta.models import OAuth2ResourceServerJsonWebKeyRequestBody


def key(kid):
    """The public part of a new pair."""
    numbers = rsa.generate_private_key(65_537, 2_048).public_key().public_numbers()
    modulus = urlsafe_b64encode(numbers.n.to_bytes(256, "big")).rstrip(b"=").decode()
    return OAuth2ResourceServerJsonWebKeyRequestBody(
        kty="RSA", use="enc", e="AQAB", n=modulus, kid=kid, status="INACTIVE"
    )


def statuses(okta, server):
    return {key.kid: key.status for key in okta.list_o_auth2_resource_server_json_web_keys(server.id)}


def test_added_key_is_read_back(okta, server):
    sent = key("first")
    made = okta.add_o_auth2_resource_server_json_web_key(server.id, sent)
    assert (made.kid, made.kty, made.use, made.status) == ("first", "RSA", "enc", "INACTIVE")
    assert (made.e, made.n) == (sent.e, sent.n)
    assert okta.get_o_auth2_resource_server_json_web_key(server.id, made.id) == made
    assert okta.list_o_auth2_resource_server_json_web_keys(server.id) == [made]


def test_one_key_is_active(okta, server):
    first, second = (okta.add_o_auth2_resource_server_json_web_key(server.id, key(kid)) for kid in ("one", "two"))
    # Unlike other lifecycle operations, these answer with the key.
    assert okta.activate_o_auth2_resource_server_json_web_key(server.id, first.id).status == "ACTIVE"
    assert okta.activate_o_auth2_resource_server_json_web_key(server.id, second.id).status == "ACTIVE"
    assert statuses(okta, server) == {"one": "INACTIVE", "two": "ACTIVE"}
    with pytest.raises(OktaAPIError) as raised:
        okta.delete_o_auth2_resource_server_json_web_key(server.id, second.id)
    assert (raised.value.status, raised.value.error_code) == (400, "E0000001")
    assert okta.deactivate_o_auth2_resource_server_json_web_key(server.id, second.id).status == "INACTIVE"
    assert okta.delete_o_auth2_resource_server_json_web_key(server.id, second.id) is None
    assert statuses(okta, server) == {"one": "INACTIVE"}
