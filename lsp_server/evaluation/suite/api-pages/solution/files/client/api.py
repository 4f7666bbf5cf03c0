"""Lists of a web service, page by page."""

import time

from client.errors import ApiError
from client.retrying import ask


class Api:
    def __init__(self, send, retries=3, sleep=time.sleep):
        self._send = send
        self._retries = retries
        self._sleep = sleep

    def items(self, path, **params):
        """Yields the entries of all pages. Raises ApiError."""
        tokens, ids = [], set()
        while True:
            body = ask(self._send, path, params, self._retries, self._sleep)
            if not isinstance(body, dict) or not isinstance(body.get("items"), list):
                raise ApiError(f"{path}: the answer is no list", 200)
            for item in body["items"]:
                own = item.get("id") if isinstance(item, dict) else None
                if own is not None:
                    if own in ids:
                        continue
                    ids.add(own)
                yield item
            token = body.get("next")
            if token is None or token == "":
                return
            if token in tokens:
                raise ApiError(f"{path}: the pages go round in a circle", 200)
            tokens.append(token)
            params = {**params, "page": token}

    def count(self, path):
        """The number of entries. Raises ApiError."""
        return sum(1 for _ in self.items(path))
