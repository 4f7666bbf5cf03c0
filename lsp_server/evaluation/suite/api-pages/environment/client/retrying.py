"""Asks again where that may help."""


def ask(send, path, params, retries):
    for attempt in range(retries):
        status, headers, body = send(path, params)
        if status == 200:
            return body
    return body
