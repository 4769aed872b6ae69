"""What the tests share: where the mock is, and a client of each kind (state.yaml)."""

import json
import os
from pathlib import Path

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from joserfc.jwk import RSAKey

SECRET = "a secret of at least 32 characters"
CALLBACK = "https://web.example/callback"


class Server:
    """An authorization server of the mock."""

    def __init__(self, org, name="ausOAuthClients"):
        self.org, self.name = org, name
        self.issuer = f"{org}/oauth2/{name}"
        self.metadata = requests.get(f"{self.issuer}/.well-known/openid-configuration").json()

    def __getitem__(self, member):
        return self.metadata[member]

    def session(self, client_id, secret=SECRET, method="client_secret_basic", **options):
        """A client; its assertions are for the endpoint that they are sent to."""
        session = OAuth2Session(
            client_id, secret, token_endpoint_auth_method=method, revocation_endpoint_auth_method=method, **options
        )
        session.register_client_auth_method(ClientSecretJWT())
        session.register_client_auth_method(PrivateKeyJWT(headers={"kid": "clients"}))
        return session

    def keys(self):
        return requests.get(self["jwks_uri"]).json()

    def rotate(self):
        """The next key signs from now on."""
        answer = requests.post(
            f"{self.org}/api/v1/authorizationServers/{self.name}/credentials/lifecycle/keyRotate",
            headers={"Authorization": f"SSWS {os.environ['MOCK_TOKEN']}"},
            json={"use": "sig"},
        )
        assert answer.status_code == 200, answer.text


@pytest.fixture
def server():
    return Server(os.environ["MOCK_URL"])


@pytest.fixture
def key():
    """The private RSA key of the client `key-jwt`."""
    return RSAKey.import_key(json.loads(Path(os.environ["KEY_RS256"]).read_text()))


@pytest.fixture
def access_token(server):
    return server.session("basic").fetch_token(server["token_endpoint"], scope="orders:read")["access_token"]


@pytest.fixture
def tokens(server):
    """Those of the user, by the password grant, without a nonce."""
    return server.session("web").fetch_token(
        server["token_endpoint"], username="ada@example.com", password="right", scope="openid email offline_access"
    )


@pytest.fixture
def later():
    """Moves the clock of the mock; the org is as at the start afterwards."""
    admin = os.environ["MOCK_ADMIN"]

    def advance(time):
        assert requests.post(f"{admin}clock", json={"advance": time}).ok

    yield advance
    assert requests.post(f"{admin}reset").ok
