"""Policies: create, read, list, replace, lifecycle, delete."""

import pytest
from okta.errors.okta_api_error import OktaAPIError
from okta.models import AuthorizationServerPolicy, AuthorizationServerPolicyConditions, ClientPolicyCondition


def policy(**members):
    return AuthorizationServerPolicy(
        **{
            "type": "OAUTH_AUTHORIZATION_POLICY",
            "name": "All clients",
            "description": "For every client",
            "status": "ACTIVE",
            "priority": 1,
            "conditions": AuthorizationServerPolicyConditions(clients=ClientPolicyCondition(include=["ALL_CLIENTS"])),
        }
        | members
    )


def test_created_policy_is_read_back(okta, server):
    made = okta.create_authorization_server_policy(server.id, policy())
    assert (made.name, made.description, made.status) == ("All clients", "For every client", "ACTIVE")
    assert (made.type, made.priority, made.system) == ("OAUTH_AUTHORIZATION_POLICY", 1, False)
    assert made.conditions.clients.include == ["ALL_CLIENTS"]
    assert made.links.rules.href.endswith(f"/policies/{made.id}/rules")
    assert okta.get_authorization_server_policy(server.id, made.id) == made
    assert okta.list_authorization_server_policies(server.id) == [made]


def test_replace(okta, server):
    made = okta.create_authorization_server_policy(server.id, policy())
    some = AuthorizationServerPolicyConditions(clients=ClientPolicyCondition(include=["0oaClientsShop000001"]))
    answer = okta.replace_authorization_server_policy(
        server.id, made.id, policy(name="One client", description="For one client", conditions=some)
    )
    assert (answer.id, answer.name, answer.description) == (made.id, "One client", "For one client")
    assert answer.conditions.clients.include == ["0oaClientsShop000001"]
    assert answer.created == made.created
    assert answer.last_updated >= made.last_updated
    assert okta.get_authorization_server_policy(server.id, made.id).name == "One client"


def test_lifecycle(okta, server):
    made = okta.create_authorization_server_policy(server.id, policy())
    assert okta.deactivate_authorization_server_policy(server.id, made.id) is None
    assert okta.get_authorization_server_policy(server.id, made.id).status == "INACTIVE"
    assert okta.activate_authorization_server_policy(server.id, made.id) is None
    assert okta.get_authorization_server_policy(server.id, made.id).status == "ACTIVE"


def test_deleted_policy_is_gone(okta, server):
    made = okta.create_authorization_server_policy(server.id, policy())
    assert okta.delete_authorization_server_policy(server.id, made.id) is None
    with pytest.raises(OktaAPIError) as raised:
        okta.get_authorization_server_policy(server.id, made.id)
    assert (raised.value.status, raised.value.error_code) == (404, "E0000007")
    assert raised.value.error_summary == f"Not found: Resource not found: {made.id} (Policy)"
    assert okta.list_authorization_server_policies(server.id) == []
