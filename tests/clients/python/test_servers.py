"""Authorization servers: create, read, list, search, pages, replace, lifecycle, delete."""

from datetime import timedelta

import pytest
from okta.errors.okta_api_error import OktaAPIError
from okta.models import (
    AuthorizationServer,
    AuthorizationServerCredentials,
    AuthorizationServerCredentialsRotationMode,
    AuthorizationServerCredentialsSigningConfig,
    LifecycleStatus,
)


def test_created_server_is_read_back(okta, server, address, unique):
    assert server.name == unique
    assert server.description == "made by a test"
    assert server.audiences == [f"api://{unique}"]
    assert server.status == LifecycleStatus.ACTIVE
    assert server.issuer == f"{address}/oauth2/{server.id}"
    signing = server.credentials.signing
    assert signing.rotation_mode == AuthorizationServerCredentialsRotationMode.AUTO
    assert signing.next_rotation - signing.last_rotated == timedelta(days=90)
    assert okta.get_authorization_server(server.id) == server


def test_links_lead_to_the_server(okta, server, address):
    here = f"{address}/api/v1/authorizationServers/{server.id}"
    assert server.links.var_self.href == here
    assert server.links.scopes.href == f"{here}/scopes"
    assert [method.value for method in server.links.policies.hints.allow] == ["GET", "POST"]
    assert [link.name for link in server.links.metadata] == ["oauth-authorization-server", "openid-configuration"]


def test_description_may_be_left_out(okta, unique):
    made = okta.create_authorization_server(AuthorizationServer(name=unique, audiences=[f"api://{unique}"]))
    assert made.description is None
    okta.delete_authorization_server(made.id)


def test_default_server_is_found_by_its_alias(okta, address):
    server = okta.get_authorization_server("default")
    assert server.id != "default"
    assert server.issuer == f"{address}/oauth2/default"
    assert okta.get_authorization_server(server.id) == server


def test_list_has_the_new_server(okta, server):
    assert server in okta.list_authorization_servers()


def test_search_by_name_and_audience(okta, server, unique):
    assert server in okta.list_authorization_servers(q=unique)
    assert server in okta.list_authorization_servers(q=server.audiences[0])
    assert okta.list_authorization_servers(q=f"{unique}-nobody-has-this") == []


def test_pages_have_every_server_once(okta, unique):
    made = [
        okta.create_authorization_server(
            AuthorizationServer(name=f"{unique}-page-{number}", audiences=[f"api://{unique}"])
        )
        for number in range(5)
    ]
    pages = list(okta.pages("list_authorization_servers", q=f"{unique}-page", limit=2))
    # The service may end with an empty page.
    assert [len(page) for page in pages if page] == [2, 2, 1]
    assert sorted(server.id for page in pages for server in page) == sorted(server.id for server in made)
    for server in made:
        okta.delete_authorization_server(server.id)


def test_replace(okta, server):
    changed = AuthorizationServer(
        name=f"{server.name}-new",
        description="replaced",
        audiences=["api://other"],
        issuer_mode="ORG_URL",
        credentials=AuthorizationServerCredentials(
            signing=AuthorizationServerCredentialsSigningConfig(
                rotation_mode=AuthorizationServerCredentialsRotationMode.MANUAL
            )
        ),
    )
    answer = okta.replace_authorization_server(server.id, changed)
    assert (answer.id, answer.name, answer.description) == (server.id, f"{server.name}-new", "replaced")
    assert answer.audiences == ["api://other"]
    assert answer.issuer_mode == "ORG_URL"
    assert answer.credentials.signing.rotation_mode == AuthorizationServerCredentialsRotationMode.MANUAL
    assert answer.credentials.signing.next_rotation is None
    assert answer.credentials.signing.kid == server.credentials.signing.kid
    read = okta.get_authorization_server(server.id)
    assert read.name == answer.name
    assert server.last_updated <= answer.last_updated <= read.last_updated


def test_what_was_read_can_be_sent_back(okta, server):
    server.description = "sent back whole"
    answer = okta.replace_authorization_server(server.id, server)
    assert answer.description == "sent back whole"
    assert answer.created == server.created


def test_lifecycle(okta, server):
    assert okta.deactivate_authorization_server(server.id) is None
    inactive = okta.get_authorization_server(server.id)
    assert inactive.status == LifecycleStatus.INACTIVE
    assert inactive.links.deactivate is None
    assert okta.activate_authorization_server(server.id) is None
    # Once more changes nothing.
    assert okta.activate_authorization_server(server.id) is None
    active = okta.get_authorization_server(server.id)
    assert active.status == LifecycleStatus.ACTIVE
    assert active.links.deactivate.href.endswith("/lifecycle/deactivate")


def test_deleted_server_is_gone(okta, unique):
    made = okta.create_authorization_server(AuthorizationServer(name=unique, audiences=[f"api://{unique}"]))
    assert okta.delete_authorization_server(made.id) is None
    with pytest.raises(OktaAPIError) as raised:
        okta.get_authorization_server(made.id)
    assert raised.value.status == 404
    assert raised.value.error_code == "E0000007"
    assert raised.value.error_summary == f"Not found: Resource not found: {made.id} (AuthorizationServer)"
    assert made.id not in [server.id for server in okta.list_authorization_servers()]
