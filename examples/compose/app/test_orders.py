"""Tests of an app that gets its tokens from Okta, here from the mock."""

import base64
import json
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request

ORG = os.environ["OKTA_CLIENT_ORGURL"]


def access_token(scope):
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": scope}).encode()
    request = urllib.request.Request(f"{ORG}/oauth2/default/v1/token", form)
    request.add_header("Authorization", "Basic " + base64.b64encode(b"orders-service:s3cret").decode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


class Orders(unittest.TestCase):
    def test_the_service_gets_a_token_for_orders(self):
        body = access_token("orders").split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        self.assertEqual((claims["iss"], claims["scp"]), (f"{ORG}/oauth2/default", ["orders"]))

    def test_nobody_gets_a_scope_that_does_not_exist(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            access_token("invoices")
        self.assertEqual(json.load(refused.exception)["error"], "invalid_scope")
