"""This module reads the address of an endpoint as a person wrote it.

What has one meaning is understood: spaces and quotes around it, a scheme in capitals, a pasted
`/chat/completions`, a dot behind the host, a server on this machine without a scheme. All else is refused with what
to write instead, since a task must never go to another place than the one that was named.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from lsp_server.system.proxies import is_this_machine

SHOWN_CHARS_MAX = 120

_QUOTES = ('""', "''", "``", "<>", "“”")
_HOST = re.compile(r"(?:[^\s/?#@:\[\]\\]+|\[[0-9A-Fa-f:.%\w]+\])(?::\d+)?(?=[/?#]|\Z)")
"""How an address begins that lacks its scheme."""
_LAST_DOT = re.compile(r"\.(?=(?::\d+)?\Z)")
_PORTS = {"http": 80, "https": 443}
_RESOURCE = re.compile(r"/(?:(?:chat/)?completions|embeddings|models|responses)/*\Z")
"""Resources below the address, which Holdfast adds itself."""


def read_address(text: str) -> str:
    """Returns the URL that a text means. Raises ValueError with what to write instead.

    >>> read_address(" HTTPS://api.example.org/v1/chat/completions ")
    'https://api.example.org/v1'
    >>> read_address("localhost:8000/v1")
    'http://localhost:8000/v1'
    """
    url = unquoted(text)
    if not url:
        raise ValueError("it is empty; give an address, or leave the setting out")
    if odd := next((each for each in url if _is_unseen(each)), None):
        raise ValueError(f"{_shown(url)} has the character U+{ord(odd):04X} in it; remove it")
    parts = _split(url)
    host = (parts.hostname or "").removesuffix(".")
    if "\\" in url or "" in host.split("."):
        raise ValueError(f"{_shown(url)} names no host; write it as in http://localhost:8000/v1")
    # The dot of an absolute name changes nothing here, and not every system knows `localhost.`.
    netloc = _LAST_DOT.sub("", parts.netloc) if is_this_machine(host) else parts.netloc
    return parts._replace(netloc=netloc, path=_RESOURCE.sub("", parts.path)).geturl()


def unquoted(text: str) -> str:
    """Returns a text without the spaces, unseen characters and quotes around it.

    >>> unquoted(' "qwen" ')
    'qwen'
    """
    text = _trimmed(text)
    while len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = _trimmed(text[1:-1])
    return text


def without_credentials(url: str) -> str:
    """Returns the URL without user, password and query.

    >>> without_credentials("https://ada:secret@example.org/v1?key=secret")
    'https://example.org/v1'
    """
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


def is_same_origin(one: str, other: str) -> bool:
    """Returns whether two addresses have the same scheme, host and port; false where one has none.

    >>> is_same_origin("https://a.example/v1", "HTTPS://A.example:443/v2?key=1")
    True
    >>> is_same_origin("https://a.example/v1", "http://a.example/v1")
    False
    """
    try:
        return _origin(one) == _origin(other)
    except ValueError:
        return False


def _origin(text: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(read_address(text))
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _split(url: str) -> SplitResult:
    """The parts of a URL, which has a scheme from here on."""
    scheme, separator, rest = url.partition("://")
    if not separator and (found := _HOST.match(url)):
        # `localhost:8000/v1` would be read as a URL whose scheme is localhost.
        if not is_this_machine(_host(found.group())):
            raise ValueError(f"{_shown(url)} has no scheme; write https://{_shown(url)}")
        scheme, rest = "http", url
    if scheme.lower() not in ("http", "https"):
        raise ValueError(f"{_shown(url)} does not begin with http:// or https://; correct it")
    try:
        parts = urlsplit(f"{scheme.lower()}://{rest}")
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{_shown(url)} is no URL ({error}); correct it") from error
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError(f"{_shown(url)} has no port behind its colon; give one or none")
    return parts


def _host(place: str) -> str:
    return (
        place
        if place.startswith("[") and place.endswith("]")
        else place.rpartition(":")[0] or place
    )


def _trimmed(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_unseen(text[start]):
        start += 1
    while end > start and _is_unseen(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_unseen(character: str) -> bool:
    """True for spaces of every kind, control characters and marks without a width."""
    return unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Cn")


def _shown(url: str) -> str:
    # What stands before an @ may be a password, wherever the @ is.
    return without_credentials(url).rpartition("@")[2][:SHOWN_CHARS_MAX]
