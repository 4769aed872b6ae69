"""What the tests share: the client of an admin, a server to work on, and the check that no operation was left out."""

import os
from itertools import count

import pytest
from okta import models
from sdk import CALLS, Org

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def address():
    return os.environ["OKTA_CLIENT_ORGURL"]


@pytest.fixture(scope="session")
def okta(address):
    return Org(orgUrl=address, token=os.environ["OKTA_CLIENT_TOKEN"])


@pytest.fixture
def unique():
    """A name that no other test has."""
    return f"python-{next(_NUMBERS)}"


@pytest.fixture
def server(okta, unique):
    """A new authorization server, deleted after the test."""
    made = okta.create_authorization_server(
        models.AuthorizationServer(name=unique, description="made by a test", audiences=[f"api://{unique}"])
    )
    yield made
    okta.delete_authorization_server(made.id)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name == "test_operations.py")


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"{sum(CALLS.values())} calls of {len(CALLS)} methods of the SDK")
