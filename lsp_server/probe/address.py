"""This module says which address of an endpoint may be shown to others."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from lsp_server.settings.address import without_credentials
from lsp_server.system.proxies import is_this_machine

PRIVATE_HOST = "private-host"
_PRIVATE_ENDS = (".local", ".internal", ".lan", ".corp", ".home", ".intranet", ".localdomain")


def shown_address(base_url: str) -> str:
    """Returns an address without credentials, and without the name of a host that is not public.

    >>> shown_address("https://ada:secret@api.example.com/v1?key=1")
    'https://api.example.com/v1'
    >>> shown_address("http://gpu7.corp:8000/v1")
    'http://private-host:8000/v1'
    """
    address = without_credentials(base_url)
    host = urlsplit(address).hostname or ""
    if is_this_machine(host) or _is_public(host):
        return address
    return address.replace(host, PRIVATE_HOST, 1)


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.lower().endswith(_PRIVATE_ENDS)
