"""This module carries messages to a server over Streamable HTTP, with the SDK's own transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
from mcp.client.streamable_http import streamable_http_client

from lsp_server.system.proxies import is_this_machine

if TYPE_CHECKING:
    from mcp.client._transport import Transport

CONNECT_SECONDS = 10.0
READ_SECONDS = 300.0
"""Of silence on a stream; each call has a deadline of its own."""


@asynccontextmanager
async def open_http(url: str, headers: Mapping[str, str]) -> AsyncIterator[Transport]:
    """Opens what a client needs to speak to the server at `url`.

    `headers` go with every request, as a key does. No redirect leads to another origin.
    """
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    # A proxy cannot reach this machine's own servers.
    local = is_this_machine(urlsplit(url).hostname or "")
    async with httpx2.AsyncClient(
        headers=dict(headers), timeout=timeout, trust_env=not local
    ) as client:
        yield streamable_http_client(url, http_client=client)
