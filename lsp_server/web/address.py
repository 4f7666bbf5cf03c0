"""This module reads the address of a page, and says where it may lead.

Only forms that every reader understands in the same way pass, so that what was checked is
what is asked.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from lsp_server.domain.errors import ToolError
from lsp_server.sandbox.named_hosts import NamedHosts

URL_CHARS_MAX = 4000

_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>\d{1,5}))?"
    r"(?P<target>[/?][^#]*)?(?:#.*)?",
    re.IGNORECASE,
)
_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A `WebAddress` is where a page lies; `host` is in small letters, without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def place(self) -> str:
        """Returns the host, with its port unless that is the usual one, as rules write it."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        """Returns the whole address."""
        return f"{self.scheme}://{self.place}{self.target}"

    def has_origin_of(self, other: WebAddress) -> bool:
        """Says whether both lie with the same server, reached in the same way."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)

    def follow(self, location: str) -> WebAddress:
        """Returns the address that a link of this page names. Raises ToolError."""
        try:
            return read_url(urljoin(self.url, location))
        except ValueError as error:
            raise ToolError(f"{self.url} leads to {location[:200]!r}, which is no URL") from error


def read_url(text: str) -> WebAddress:
    """Reads an address as a model wrote it. Raises ToolError for one that is not fetched.

    >>> read_url("HTTPS://Example.org.:443/a?b#c").url
    'https://example.org/a?b'
    """
    text = text.strip()
    if len(text) > URL_CHARS_MAX:
        raise ToolError(f"the URL has more than {URL_CHARS_MAX} characters")
    if "@" in re.split(r"[/?#\\]", text.partition("://")[2], maxsplit=1)[0]:
        raise ToolError("the URL holds a user name or password, which is not sent; leave it out")
    found = None if _UNFIT.search(text) else _URL.fullmatch(text)
    if found is None:
        raise ToolError(
            f"{text[:200]!r} is no URL that is fetched; write http:// or https://, a host in "
            "ASCII, and no blanks or backslashes"
        )
    scheme = found["scheme"].lower()
    port = int(found["port"] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise ToolError(f"the URL has {port} for a port, which there is not")
    target = found["target"] or "/"
    host = found["host"].lower().strip("[]").rstrip(".")
    return WebAddress(scheme, host, port, target if target.startswith("/") else f"/{target}")


def require_public(
    address: WebAddress, addresses: Sequence[str], private_hosts: Sequence[str]
) -> None:
    """Checks where a name led. Raises ToolError for what is not of the public network.

    A host that `private_hosts` names may lie anywhere.
    """
    if NamedHosts(private_hosts).names(address.host, address.port):
        return
    nowhere_private = NamedHosts(())
    for each in addresses:
        if not nowhere_private.admits("", address.port, each):
            raise ToolError(
                f"{address.place} leads to {each}, which is no address of the public network; "
                "a person may name the host in fetch.private_hosts"
            )


async def resolve(address: WebAddress) -> tuple[str, ...]:
    """Returns the network addresses of the host, none twice. Raises ToolError if there are none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise ToolError(f"there is no host {address.host}, or no network to ask for it")
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))
