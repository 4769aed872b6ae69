import subprocess
import urllib.request

import pytest


@pytest.fixture(scope="session")
def mock():
    command = ["okta-conformance", "mock", "--port", "0", "--admin-port", "0", "--token", "s3cret-token"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().removeprefix("mock org at ").strip()
        admin = next(line.removeprefix("admin at ").strip() for line in process.stdout if line.startswith("admin at "))
        yield url, admin
        process.terminate()


@pytest.fixture
def org(mock):
    """The URL of an org that is as it was at the start."""
    url, admin = mock
    urllib.request.urlopen(urllib.request.Request(admin + "reset", method="POST")).close()
    return url
