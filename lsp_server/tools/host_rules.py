"""This module reads the pattern of rules about hosts: `fetch(docs.python.org)`, `fetch(*.example.org)`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lsp_server.domain.errors import ConfigurationError, ToolError
from lsp_server.domain.tools import NeedsUrl
from lsp_server.sandbox.named_hosts import NamedHost, split_address
from lsp_server.web.address import WebAddress, read_url

_PATTERN = re.compile(
    r"(\*\.)?[\w.-]+(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A `HostPattern` names a host, or with `*.` all below it; without a port, those of the web.

    >>> pattern = host_pattern("*.example.org", "fetch(*.example.org)", "permissions.allow")
    >>> pattern.covers(NeedsUrl("https://a.example.org/x")), pattern.covers(NeedsUrl("https://example.org.evil/"))
    (True, False)
    """

    host: NamedHost

    def covers(self, needs: NeedsUrl) -> bool:
        """Says whether an address lies there for certain, as an allow rule needs it."""
        address = _address(needs)
        return address is not None and self.host.fits(address.host, address.port)

    def hits(self, needs: NeedsUrl) -> bool:
        """Says whether an address lies there, as a deny rule needs it: at any port, unless it names one."""
        address = _address(needs)
        if address is None:
            return True
        any_port = replace(self.host, port=self.host.port or address.port)
        return any_port.fits(address.host, address.port)


def host_rule(tool: str, needs: NeedsUrl) -> str | None:
    """Returns the rule for exactly the host of an address, None where it has none.

    >>> host_rule("fetch", NeedsUrl("http://localhost:8080/a"))
    'fetch(localhost:8080)'
    """
    address = _address(needs)
    return None if address is None else f"{tool}({address.place})"


def host_pattern(pattern: str, text: str, key: str) -> HostPattern:
    """Reads the pattern of the rule `text`. Raises ConfigurationError."""
    host = pattern.removeprefix("domain:")
    if not _PATTERN.fullmatch(host):
        raise ConfigurationError(
            f"{key} has {text!r}; write a host, as in fetch(docs.python.org), fetch(*.example.org) "
            "or fetch(localhost:8080)",
            key=key,
        )
    return HostPattern(NamedHost(*split_address(host)))


def _address(needs: NeedsUrl) -> WebAddress | None:
    try:
        return read_url(needs.url)
    except ToolError:
        return None
