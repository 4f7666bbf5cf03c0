"""This module says which proxy leads to an address, as the environment has it.

`NO_PROXY` is read in every form that programs take: names with all below them, addresses with
or without brackets, networks, ports, and blanks or commas between them. What is none of these
means nothing and stops nothing. This machine is never reached through a proxy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A `Proxy` has its `url`; `source` is the variable or whatever else names it."""

    url: str
    source: str


def proxy_for(url: str, environment: Mapping[str, str] = os.environ) -> Proxy | None:
    """Returns the proxy on the way to a URL; None where there is none.

    >>> proxy_for("http://a.example/v1", {"HTTP_PROXY": "proxy.example:3128"})
    Proxy(url='http://proxy.example:3128', source='HTTP_PROXY')
    >>> proxy_for("http://10.1.2.3/v1", {"all_proxy": "http://p", "no_proxy": "10.0.0.0/8"})
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    exceptions = _value(environment, "NO_PROXY")[1]
    if is_this_machine(host) or is_excepted(host, port, exceptions):
        return None
    for name in (f"{parts.scheme.upper()}_PROXY", "ALL_PROXY"):
        variable, value = _value(environment, name)
        if value:
            return Proxy(value if "://" in value else f"http://{value}", variable)
    if environment is os.environ and (value := getproxies().get(parts.scheme, "")):
        return Proxy(value, "the settings of the system")
    return None


def is_excepted(host: str, port: int | None, exceptions: str) -> bool:
    """Returns whether `exceptions`, the text of NO_PROXY, cover a host and port.

    >>> is_excepted("api.a.example", 443, "localhost, .a.example")
    True
    """
    host = host.lower().removesuffix(".")
    return any(_covers(each, host, port) for each in re.split(r"[\s,;]+", exceptions))


def is_this_machine(host: str) -> bool:
    """Returns whether a host is this machine, as far as that is known without a name server.

    Servers that listen on every address print `0.0.0.0`, which leads back here.
    """
    host = host.strip("[]").lower().removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _covers(exception: str, host: str, port: int | None) -> bool:
    exception = exception.lower().rpartition("://")[2]
    if exception == "*":
        return True
    if "/" in exception:
        return _network_covers(exception, host)
    name, only_port = _host_and_port(exception)
    if only_port not in (None, port):
        return False
    if (address := _address(host)) is not None:
        return address == _address(name)
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _host_and_port(place: str) -> tuple[str, int | None]:
    """The host without brackets and stars, and the port if there is one."""
    host, _, port = place.rpartition(":")
    # An address of many colons has no port unless it is in brackets.
    has_port = port.isdecimal() and (":" not in host or host.endswith("]"))
    name = host if has_port else place
    return name.strip("[]").removeprefix("*").strip("."), int(port) if has_port else None


def _network_covers(network: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(
            network.replace("[", "").replace("]", ""), strict=False
        )
    except ValueError:
        return False


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _value(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """The variable in small letters or in capitals, and its value; the first one wins."""
    for variable in (name.lower(), name):
        if value := environment.get(variable, "").strip():
            return variable, value
    return name, ""
