"""Clients that hold refresh tokens, and the tokens, which the mock was started with: list, read, pages, revoke."""

import pytest
from okta.errors.okta_api_error import OktaAPIError
from okta.models import GrantOrTokenStatus

# As planted by state.yaml.
SERVER = "ausClientsServer0001"
SHOP, DESK = "0oaClientsShop000001", "0oaClientsDesk000001"
USER = "00uClientsUser000001"


def test_clients_of_a_server(okta, address):
    clients = {client.client_id: client for client in okta.list_o_auth2_clients_for_authorization_server(SERVER)}
    assert set(clients) == {SHOP, DESK}
    shop = clients[SHOP]
    assert (shop.client_name, shop.client_uri) == ("Shop", "https://shop.example.com")
    assert shop.logo_uri == "https://shop.example.com/logo.png"
    assert shop.links.tokens.href == f"{address}/api/v1/authorizationServers/{SERVER}/clients/{SHOP}/tokens"


def test_server_without_tokens_has_no_clients(okta, server):
    assert okta.list_o_auth2_clients_for_authorization_server(server.id) == []


def test_token_is_read(okta, address):
    listed = okta.list_refresh_tokens_for_authorization_server_and_client(SERVER, SHOP)
    assert len(listed) == 5
    token = okta.get_refresh_token_for_authorization_server_and_client(SERVER, SHOP, listed[0].id)
    assert token == listed[0]
    assert (token.client_id, token.user_id, token.status) == (SHOP, USER, GrantOrTokenStatus.ACTIVE)
    assert token.issuer == f"{address}/oauth2/{SERVER}"
    assert token.scopes == ["openid", "offline_access"]
    assert token.expires_at > token.created
    assert token.embedded is None


def test_scopes_of_a_token_can_be_embedded(okta):
    (token, *_) = okta.list_refresh_tokens_for_authorization_server_and_client(SERVER, SHOP, expand="scope")
    assert {scope.name for scope in token.embedded.scopes} == {"openid", "offline_access"}


def test_pages_have_every_token_once(okta):
    whole = okta.list_refresh_tokens_for_authorization_server_and_client(SERVER, SHOP)
    pages = list(okta.pages("list_refresh_tokens_for_authorization_server_and_client", SERVER, SHOP, limit=2))
    assert [len(page) for page in pages if page] == [2, 2, 1]
    assert sorted(token.id for page in pages for token in page) == sorted(token.id for token in whole)


def test_tokens_are_revoked(okta):
    first, second = okta.list_refresh_tokens_for_authorization_server_and_client(SERVER, DESK)
    assert okta.revoke_refresh_token_for_authorization_server_and_client(SERVER, DESK, first.id) is None
    assert okta.list_refresh_tokens_for_authorization_server_and_client(SERVER, DESK) == [second]
    with pytest.raises(OktaAPIError) as raised:
        okta.get_refresh_token_for_authorization_server_and_client(SERVER, DESK, first.id)
    assert (raised.value.status, raised.value.error_code) == (404, "E0000007")
    assert okta.revoke_refresh_tokens_for_authorization_server_and_client(SERVER, DESK) is None
    assert okta.list_refresh_tokens_for_authorization_server_and_client(SERVER, DESK) == []


def test_unknown_client(okta):
    with pytest.raises(OktaAPIError) as raised:
        okta.list_refresh_tokens_for_authorization_server_and_client(SERVER, "0oaNobodyHasThis0001")
    assert (raised.value.status, raised.value.error_code) == (404, "E0000007")
    assert raised.value.error_summary == "Not found: Resource not found: 0oaNobodyHasThis0001 (PublicClientApp)"
