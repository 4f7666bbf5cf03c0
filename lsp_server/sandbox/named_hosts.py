"""This module says which hosts of the network a command reaches by their names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

USUAL_PORTS = frozenset({80, 443})
THIS_MACHINE = "localhost"

_ADDRESS = re.compile(r"\[([^\]]+)\](?::(\d{1,5}))?|([^:]+)(?::(\d{1,5}))?")
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*|[0-9a-f:.]+")
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is reached over the internet; other prefixes carry or mean something of one's own."""
_SHARED = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "168.63.129.16/32")))
"""Some services of clouds and networks, as if they were of the internet."""
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class NamedHost:
    """A `NamedHost` is one that a person named, as `pypi.org`, `*.example.org`, `10.0.0.5:8080`, `[::1]:80`.

    Without a port those of the web are meant. A name with a star stands for all below it.
    """

    name: str
    port: int | None = None

    def fits(self, name: str, port: int) -> bool:
        """Says whether this is the host, by its name in small letters, and the port."""
        if port != self.port and (self.port is not None or port not in USUAL_PORTS):
            return False
        if self.name.startswith("*."):
            return name.endswith(self.name[1:])
        return name == self.name


def split_address(text: str, port: int | None = None) -> tuple[str, int | None]:
    """Returns the name in small letters and the port of `name:port`. Raises ValueError.

    >>> split_address("PyPI.org.", 443), split_address("[::1]:80")
    (('pypi.org', 443), ('::1', 80))
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no host")
    name, digits = found[1] or found[3], found[2] or found[4]
    return name.lower().rstrip("."), int(digits) if digits else port


class NamedHosts:
    """`NamedHosts` are what a command reaches. Raises ValueError for a text that names none.

    >>> hosts = NamedHosts(("pypi.org", "*.pythonhosted.org"))
    >>> hosts.names("files.pythonhosted.org", 443), hosts.names("pypi.org.evil.org", 443)
    (True, False)
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._hosts = tuple(NamedHost(*split_address(text)) for text in texts)
        self._addresses = frozenset(host.name for host in self._hosts)

    def names(self, name: str, port: int) -> bool:
        """Says whether the host is one of them."""
        return _HOST_NAME.fullmatch(name) is not None and any(
            host.fits(name, port) for host in self._hosts
        )

    def admits(self, name: str, port: int, address: str) -> bool:
        """Says whether the host may be reached at an address that its name led to.

        A name that leads into a network of one's own, by mistake or on purpose, does
        not: such an address has to be named itself.
        """
        plain = address.partition("%")[0]
        if self.names(plain, port):
            return True
        found = _innermost(ipaddress.ip_address(plain))
        if name == THIS_MACHINE:
            return found.is_loopback
        if isinstance(found, ipaddress.IPv6Address) and found not in _UNICAST:
            return False
        return (
            found.is_global
            and not found.is_multicast
            and not any(found in each for each in _SHARED)
        )

    @property
    def has_this_machine(self) -> bool:
        """Returns whether a service of this machine is among them."""
        return not self._addresses.isdisjoint({THIS_MACHINE, "127.0.0.1", "::1"})


def _innermost(address: _Address) -> _Address:
    """The address that others stand for: those of version 6 can carry one of version 4."""
    if isinstance(address, ipaddress.IPv6Address):
        if inner := address.ipv4_mapped or address.sixtofour:
            return inner
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
