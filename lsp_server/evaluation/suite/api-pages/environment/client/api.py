"""Lists of a web service, page by page."""

from client.retrying import ask

_defaults = {"limit": 50}


class Api:
    def __init__(self, send, retries=3):
        self._send = send
        self._retries = retries

    def items(self, path, params=_defaults):
        found = []
        while True:
            body = ask(self._send, path, params, self._retries)
            for item in body["items"]:
                if item not in found:
                    found.append(item)
            if not body["next"]:
                return found
            params["page"] = body["next"]

    def count(self, path):
        return len(self.items(path))
