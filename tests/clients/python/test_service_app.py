"""The SDK as a service app: it signs an assertion, gets an access token for it, and works with that."""

import json
import os
from pathlib import Path

import pytest
from okta.errors.okta_api_error import OktaAPIError
from okta.models import AuthorizationServer
from sdk import Org

KEY = json.loads(Path(os.environ["SERVICE_APP_KEY"]).read_text())


def app(address, *scopes):
    return Org(
        orgUrl=address,
        authorizationMode="PrivateKey",
        clientId="0oaServiceApp0000001",
        scopes=list(scopes),
        privateKey=KEY,
        kid=KEY["kid"],
    )


def test_app_that_manages(address, unique):
    manager = app(address, "okta.authorizationServers.manage", "okta.authorizationServers.read")
    made = manager.create_authorization_server(AuthorizationServer(name=unique, audiences=[f"api://{unique}"]))
    assert manager.get_authorization_server(made.id).name == unique
    manager.delete_authorization_server(made.id)


def test_app_that_asked_for_reading_only(address):
    reader = app(address, "okta.authorizationServers.read")
    assert reader.get_authorization_server("default").issuer == f"{address}/oauth2/default"
    with pytest.raises(OktaAPIError) as raised:
        reader.create_authorization_server(AuthorizationServer(name="no", audiences=["api://no"]))
    assert (raised.value.status, raised.value.error_code) == (403, "E0000006")
