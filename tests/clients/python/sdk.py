"""The vendor's client without `await`: an answer is returned, an error is raised, and every call is counted."""

import asyncio
from collections import Counter

from okta.client import Client
from okta.pagination import PaginationHelper

CALLS = Counter()
_LOOP = asyncio.new_event_loop()


class Org:
    """Calls the methods of `okta.client.Client` by their names."""

    def __init__(self, **settings):
        self._client = Client(settings)

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def call(*arguments, **options):
            return self._answer(name, method, arguments, options)[0]

        return call

    def pages(self, name, *arguments, **options):
        """Each page of a list, found by the cursor that the SDK reads from the `Link` header."""
        while True:
            page, response = self._answer(name, getattr(self._client, name), arguments, options)
            yield page
            options["after"] = PaginationHelper.extract_next_cursor(response.headers)
            if options["after"] is None:
                return

    def _answer(self, name, method, arguments, options):
        CALLS[name] += 1
        *answer, error = _LOOP.run_until_complete(method(*arguments, **options))
        if error is not None:
            raise error
        return answer
