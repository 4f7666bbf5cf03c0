"""Asks again where that may help."""

from client.errors import ApiError

SECONDS_MAX = 60


def ask(send, path, params, retries, sleep):
    """The body of an answer with status 200. Raises ApiError."""
    for attempt in range(retries + 1):
        status, headers, body = send(path, dict(params))
        if status == 200:
            return body
        if status != 429 and not 500 <= status <= 599 or attempt == retries:
            raise ApiError(f"{path}: status {status}", status)
        sleep(_seconds(headers, attempt))


def _seconds(headers, attempt):
    for name, value in (headers or {}).items():
        if name.lower() == "retry-after":
            try:
                return min(SECONDS_MAX, max(0, float(value)))
            except ValueError:
                break
    return min(SECONDS_MAX, 2**attempt)
