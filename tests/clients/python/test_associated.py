"""Associated servers: trust others, list them, stop trusting them."""

import pytest
from okta.models import AssociatedServerMediated, AuthorizationServer


@pytest.fixture
def others(okta, unique):
    made = [
        okta.create_authorization_server(AuthorizationServer(name=f"{unique}-{name}", audiences=[f"api://{name}"]))
        for name in ("one", "two")
    ]
    yield made
    for other in made:
        okta.delete_authorization_server(other.id)


def ids(servers):
    return {server.id for server in servers}


def test_trust_and_its_end(okta, server, others):
    one, two = others
    answer = okta.create_associated_servers(server.id, AssociatedServerMediated(trusted=[one.id, two.id]))
    assert ids(answer) == {one.id, two.id}
    trusted = okta.list_associated_servers_by_trusted_type(server.id, trusted=True)
    assert ids(trusted) == {one.id, two.id}
    # Recorded of the service: these servers come without links.
    assert [other.links for other in trusted] == [None, None]
    assert ids(okta.list_associated_servers_by_trusted_type(server.id, trusted=True, q=one.name)) == {one.id}

    assert okta.delete_associated_server(server.id, one.id) is None
    assert ids(okta.list_associated_servers_by_trusted_type(server.id, trusted=True)) == {two.id}
    assert one.id in ids(okta.list_associated_servers_by_trusted_type(server.id, trusted=False))
