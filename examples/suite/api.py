"""A shop's API in memory, to try the suite beside it: python3 api.py PORT"""

import http.server
import itertools
import json
import sys

orders, numbers = {}, itertools.count(1)


class Shop(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def order(self):
        return self.path.removeprefix("/v1/orders/")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        order = {"id": str(next(numbers)), "item": body["item"], "state": "open"}
        orders[order["id"]] = order
        self.answer(201, order)

    def do_GET(self):
        if self.order() in orders:
            self.answer(200, orders[self.order()])
        else:
            self.answer(404, {"message": "There is no such order"})

    def do_DELETE(self):
        if orders.pop(self.order(), None):
            self.answer(204)
        else:
            self.answer(404, {"message": "There is no such order"})

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
