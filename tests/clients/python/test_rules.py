"""Policy rules: create, read, list, order, replace, lifecycle, delete."""

import pytest
from okta.errors.okta_api_error import OktaAPIError
from okta.models import (
    AuthorizationServerPolicyPeopleCondition,
    AuthorizationServerPolicyRuleActions,
    AuthorizationServerPolicyRuleConditions,
    AuthorizationServerPolicyRuleGroupCondition,
    AuthorizationServerPolicyRuleRequest,
    GrantTypePolicyRuleCondition,
    OAuth2ScopesMediationPolicyRuleCondition,
    TokenAuthorizationServerPolicyRuleAction,
)
from test_policies import policy


@pytest.fixture
def place(okta, server):
    """Ids of a server and of its policy, which come before everything in a call about rules."""
    return server.id, okta.create_authorization_server_policy(server.id, policy()).id


def rule(name="People", minutes=60, grants=("authorization_code",), people=("EVERYONE",), **members):
    groups = AuthorizationServerPolicyRuleGroupCondition(include=list(people))
    return AuthorizationServerPolicyRuleRequest(
        type="RESOURCE_ACCESS",
        name=name,
        conditions=AuthorizationServerPolicyRuleConditions(
            grant_types=GrantTypePolicyRuleCondition(include=list(grants)),
            people=AuthorizationServerPolicyPeopleCondition(groups=groups) if people else None,
            scopes=OAuth2ScopesMediationPolicyRuleCondition(include=["*"]),
        ),
        actions=AuthorizationServerPolicyRuleActions(
            token=TokenAuthorizationServerPolicyRuleAction(
                access_token_lifetime_minutes=minutes,
                refresh_token_lifetime_minutes=0,
                refresh_token_window_minutes=10_080,
            )
        ),
        **members,
    )


def test_created_rule_is_read_back(okta, place):
    made = okta.create_authorization_server_policy_rule(
        *place, rule(grants=["authorization_code", "client_credentials"])
    )
    assert (made.name, made.type, made.status, made.system) == ("People", "RESOURCE_ACCESS", "ACTIVE", False)
    # The service does not keep their order.
    assert set(made.conditions.grant_types.include) == {"authorization_code", "client_credentials"}
    assert made.conditions.people.groups.include == ["EVERYONE"]
    assert made.conditions.scopes.include == ["*"]
    token = made.actions.token
    assert token.access_token_lifetime_minutes == 60
    assert token.refresh_token_lifetime_minutes == 0
    assert token.refresh_token_window_minutes == 10_080
    assert okta.get_authorization_server_policy_rule(*place, made.id) == made
    assert okta.list_authorization_server_policy_rules(*place) == [made]


def test_client_credentials_need_no_people(okta, place):
    made = okta.create_authorization_server_policy_rule(*place, rule(grants=["client_credentials"], people=()))
    assert made.conditions.grant_types.include == ["client_credentials"]
    assert made.conditions.people.groups is None


def test_rules_are_numbered_in_order(okta, place):
    made = [okta.create_authorization_server_policy_rule(*place, rule(name=f"Rule {number}")) for number in (1, 2, 3)]
    assert [rule.priority for rule in made] == [1, 2, 3]
    listed = okta.list_authorization_server_policy_rules(*place)
    assert {rule.id: rule.priority for rule in listed} == {rule.id: rule.priority for rule in made}


def test_replace(okta, place):
    made = okta.create_authorization_server_policy_rule(*place, rule())
    answer = okta.replace_authorization_server_policy_rule(*place, made.id, rule(name="Shorter", minutes=5))
    assert (answer.id, answer.name) == (made.id, "Shorter")
    assert answer.actions.token.access_token_lifetime_minutes == 5
    read = okta.get_authorization_server_policy_rule(*place, made.id)
    assert (read.name, read.actions, read.conditions) == (answer.name, answer.actions, answer.conditions)


def test_lifecycle(okta, place):
    made = okta.create_authorization_server_policy_rule(*place, rule())
    assert okta.deactivate_authorization_server_policy_rule(*place, made.id) is None
    assert okta.get_authorization_server_policy_rule(*place, made.id).status == "INACTIVE"
    assert okta.activate_authorization_server_policy_rule(*place, made.id) is None
    assert okta.get_authorization_server_policy_rule(*place, made.id).status == "ACTIVE"


def test_grant_for_people_needs_people(okta, place):
    with pytest.raises(OktaAPIError) as raised:
        okta.create_authorization_server_policy_rule(*place, rule(people=()))
    assert (raised.value.status, raised.value.error_code) == (400, "E0000001")
    assert raised.value.error_summary == "Api validation failed: conditions.people"
    assert len(raised.value.error_causes) == 1


def test_deleted_rule_is_gone(okta, place):
    made = okta.create_authorization_server_policy_rule(*place, rule())
    assert okta.delete_authorization_server_policy_rule(*place, made.id) is None
    with pytest.raises(OktaAPIError) as raised:
        okta.deactivate_authorization_server_policy_rule(*place, made.id)
    assert (raised.value.status, raised.value.error_code) == (404, "E0000007")
    assert raised.value.error_summary == f"Not found: Resource not found: {made.id} (PolicyRule)"
    assert okta.list_authorization_server_policy_rules(*place) == []
