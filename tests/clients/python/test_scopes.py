"""Scopes: create, read, list, search, pages, replace, delete."""

import pytest
from okta.errors.okta_api_error import OktaAPIError
from okta.models import OAuth2Scope, OAuth2ScopeConsentType, OAuth2ScopeMetadataPublish

SYSTEM = {"openid", "profile", "email", "address", "phone", "offline_access"}


def test_new_server_has_the_system_scopes(okta, server):
    scopes = okta.list_o_auth2_scopes(server.id)
    assert SYSTEM - {scope.name for scope in scopes} == set()
    assert all(scope.system for scope in scopes)
    openid = next(scope for scope in scopes if scope.name == "openid")
    assert openid.description == "Signals that a request is an OpenID request."
    assert openid.metadata_publish == OAuth2ScopeMetadataPublish.ALL_CLIENTS


def test_name_is_enough(okta, server):
    # The SDK sends its own defaults, which are those of the service.
    scope = okta.create_o_auth2_scope(server.id, OAuth2Scope(name="orders:read"))
    assert (scope.name, scope.description, scope.system) == ("orders:read", None, False)
    assert scope.consent == OAuth2ScopeConsentType.IMPLICIT
    assert scope.metadata_publish == OAuth2ScopeMetadataPublish.NO_CLIENTS
    assert scope.default is False
    assert scope.optional is False
    assert okta.get_o_auth2_scope(server.id, scope.id) == scope
    assert scope in okta.list_o_auth2_scopes(server.id)


def test_replace_can_rename(okta, server):
    scope = okta.create_o_auth2_scope(server.id, OAuth2Scope(name="orders:read"))
    answer = okta.replace_o_auth2_scope(
        server.id,
        scope.id,
        OAuth2Scope(
            name="orders:write",
            display_name="Change orders",
            description="Lets an app change orders",
            consent=OAuth2ScopeConsentType.REQUIRED,
            metadata_publish=OAuth2ScopeMetadataPublish.ALL_CLIENTS,
        ),
    )
    assert (answer.id, answer.name) == (scope.id, "orders:write")
    assert (answer.display_name, answer.description) == ("Change orders", "Lets an app change orders")
    assert answer.consent == OAuth2ScopeConsentType.REQUIRED
    assert answer.metadata_publish == OAuth2ScopeMetadataPublish.ALL_CLIENTS
    assert okta.get_o_auth2_scope(server.id, scope.id) == answer


def test_search_and_filter(okta, server):
    scope = okta.create_o_auth2_scope(server.id, OAuth2Scope(name="needle:read"))
    assert okta.list_o_auth2_scopes(server.id, q="needle") == [scope]
    assert okta.list_o_auth2_scopes(server.id, filter='name eq "needle:read"') == [scope]


def test_pages_have_every_scope_once(okta, server):
    for number in range(4):
        okta.create_o_auth2_scope(server.id, OAuth2Scope(name=f"page:{number}"))
    whole = okta.list_o_auth2_scopes(server.id)
    pages = list(okta.pages("list_o_auth2_scopes", server.id, limit=3))
    assert len([page for page in pages if page]) == -(-len(whole) // 3)
    assert all(len(page) <= 3 for page in pages)
    paged = [scope.id for page in pages for scope in page]
    assert sorted(paged) == sorted(scope.id for scope in whole)


def test_deleted_scope_is_gone(okta, server):
    scope = okta.create_o_auth2_scope(server.id, OAuth2Scope(name="orders:read"))
    assert okta.delete_o_auth2_scope(server.id, scope.id) is None
    with pytest.raises(OktaAPIError) as raised:
        okta.get_o_auth2_scope(server.id, scope.id)
    assert (raised.value.status, raised.value.error_code) == (404, "E0000007")
    assert raised.value.error_summary == f"Not found: Resource not found: {scope.id} (OAuth2Scope)"
