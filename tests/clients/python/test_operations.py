"""Runs last: nothing that the SDK can do with authorization servers was left out."""

import inspect

import pytest
from okta import api
from sdk import CALLS

AREAS = [
    api.AuthorizationServerApi,
    api.AuthorizationServerAssocApi,
    api.AuthorizationServerClaimsApi,
    api.AuthorizationServerClientsApi,
    api.AuthorizationServerKeysApi,
    api.AuthorizationServerPoliciesApi,
    api.AuthorizationServerRulesApi,
    api.AuthorizationServerScopesApi,
    api.OAuth2ResourceServerCredentialsKeysApi,
]


def operations():
    return {name for area in AREAS for name in vars(area) if inspect.iscoroutinefunction(vars(area)[name])}


@pytest.mark.skipif("len(config.args) != 1 or config.option.keyword", reason="only some tests were chosen")
def test_every_operation_was_called():
    assert len(operations()) == 48
    assert operations() - set(CALLS) == set()
