"""What the SDK makes of refusals: token, input, and the rate limit."""

import os
import time

import pytest
from okta.errors.okta_api_error import OktaAPIError
from okta.models import AuthorizationServer
from sdk import Org


def refused(call, *arguments):
    with pytest.raises(OktaAPIError) as raised:
        call(*arguments)
    error = raised.value
    assert error.error_link == error.error_code
    assert error.error_id.startswith("oae")
    return error


def test_unknown_token(address):
    stranger = Org(orgUrl=address, token="nobody-knows-this")
    error = refused(stranger.list_authorization_servers)
    assert (error.status, error.error_code, error.error_summary) == (401, "E0000011", "Invalid token provided")
    assert error.error_causes == []


def test_invalid_input(okta):
    error = refused(okta.create_authorization_server, AuthorizationServer(audiences=["api://nameless"]))
    assert (error.status, error.error_code) == (400, "E0000001")
    assert error.error_summary.startswith("Api validation failed: ")
    assert all(cause["errorSummary"] for cause in error.error_causes)


def test_used_up_rate_limit(address):
    hasty = Org(orgUrl=address, token=os.environ["HASTY_TOKEN"], rateLimit={"maxRetries": 0})
    hasty.get_authorization_server("default")
    error = refused(hasty.get_authorization_server, "default")
    assert (error.status, error.error_code) == (429, "E0000047")
    assert error.headers["X-Rate-Limit-Remaining"] == "0"
    # Whoever waits until then is let in again: the SDKs do.
    assert 0 <= int(error.headers["X-Rate-Limit-Reset"]) - time.time() <= 60
