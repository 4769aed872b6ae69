import json
import urllib.request


def call(org, path, method="GET", body=None):
    headers = {"Authorization": "SSWS s3cret-token", "Content-Type": "application/json"}
    request = urllib.request.Request(org + path, body and json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_a_server_is_created(org):
    call(org, "/api/v1/authorizationServers", "POST", {"name": "Orders", "audiences": ["api://orders"]})
    assert [server["name"] for server in call(org, "/api/v1/authorizationServers")] == ["default", "Orders"]


def test_the_next_test_does_not_see_it(org):
    assert [server["name"] for server in call(org, "/api/v1/authorizationServers")] == ["default"]
