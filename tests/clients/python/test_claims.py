"""Claims: create, read, list, replace, delete."""

import pytest
from okta.errors.okta_api_error import OktaAPIError
from okta.models import (
    LifecycleStatus,
    OAuth2Claim,
    OAuth2ClaimConditions,
    OAuth2ClaimGroupFilterType,
    OAuth2ClaimType,
    OAuth2ClaimValueType,
)


def claim(**members):
    return OAuth2Claim(
        **{
            "name": "department",
            "status": LifecycleStatus.ACTIVE,
            "claim_type": OAuth2ClaimType.IDENTITY,
            "value_type": OAuth2ClaimValueType.EXPRESSION,
            "value": "user.department",
            "always_include_in_token": True,
            "conditions": OAuth2ClaimConditions(scopes=["profile"]),
        }
        | members
    )


def test_new_server_has_the_system_claims(okta, server):
    claims = okta.list_o_auth2_claims(server.id)
    assert len(claims) == 19
    assert all(claim.system for claim in claims)
    sub = next(claim for claim in claims if claim.name == "sub")
    assert sub.claim_type == OAuth2ClaimType.RESOURCE
    assert sub.value == "(appuser != null) ? appuser.userName : app.clientId"
    email = next(claim for claim in claims if claim.name == "email")
    assert email.value_type == OAuth2ClaimValueType.SYSTEM
    assert email.conditions.scopes == ["email"]


def test_created_claim_is_read_back(okta, server):
    made = okta.create_o_auth2_claim(server.id, claim())
    assert (made.name, made.value, made.system) == ("department", "user.department", False)
    assert made.claim_type == OAuth2ClaimType.IDENTITY
    assert made.value_type == OAuth2ClaimValueType.EXPRESSION
    assert made.always_include_in_token is True
    assert made.conditions.scopes == ["profile"]
    assert okta.get_o_auth2_claim(server.id, made.id) == made
    assert made in okta.list_o_auth2_claims(server.id)


def test_claim_of_groups(okta, server):
    made = okta.create_o_auth2_claim(
        server.id,
        claim(
            name="teams",
            value_type=OAuth2ClaimValueType.GROUPS,
            group_filter_type=OAuth2ClaimGroupFilterType.STARTS_WITH,
            value="team-",
        ),
    )
    assert made.value_type == OAuth2ClaimValueType.GROUPS
    assert made.group_filter_type == OAuth2ClaimGroupFilterType.STARTS_WITH
    assert made.value == "team-"


def test_replace(okta, server):
    made = okta.create_o_auth2_claim(server.id, claim())
    answer = okta.replace_o_auth2_claim(
        server.id,
        made.id,
        claim(name="unit", value="user.division", status=LifecycleStatus.INACTIVE, claim_type=OAuth2ClaimType.RESOURCE),
    )
    assert (answer.id, answer.name, answer.value) == (made.id, "unit", "user.division")
    assert answer.status == LifecycleStatus.INACTIVE
    assert answer.claim_type == OAuth2ClaimType.RESOURCE
    assert okta.get_o_auth2_claim(server.id, made.id) == answer


def test_deleted_claim_is_gone(okta, server):
    made = okta.create_o_auth2_claim(server.id, claim())
    assert okta.delete_o_auth2_claim(server.id, made.id) is None
    with pytest.raises(OktaAPIError) as raised:
        okta.get_o_auth2_claim(server.id, made.id)
    assert (raised.value.status, raised.value.error_code) == (404, "E0000007")
    assert raised.value.error_summary == f"Not found: Resource not found: {made.id} (OAuth2Claim)"
