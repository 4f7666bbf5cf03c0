"""This module fetches a page within bounds of time and size.

The host is looked up once, and the connection goes to the address that was checked. Nothing
of one's own is sent: no cookie, no credential, nothing of `.netrc`.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from lsp_server.domain.errors import ToolError
from lsp_server.settings.sandbox_settings import FetchSettings
from lsp_server.system.proxies import proxy_for
from lsp_server.web.address import WebAddress, require_public, resolve
from lsp_server.web.page_text import decoded, is_text

REDIRECTS_MAX = 5
CONNECT_TIMEOUT_SECONDS = 10.0
ADDRESSES_MAX = 3
"""Of a host; more of them are not tried."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANY_GZIP = 47
"""Tells zlib to expect the header of gzip or of zlib."""
_HEADERS = {
    "Accept": "text/html, text/markdown;q=0.9, text/*;q=0.8, application/json;q=0.8, */*;q=0.5",
    "Accept-Encoding": "gzip",
    "User-Agent": "holdfast (fetches a page for a person)",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A `Page` is what a server gave; `text` is None for what is no text.

    `size_bytes` counts what was read, or what the server said; None if neither is known.
    With `is_cut` there was more than `fetch.page_bytes_max`.
    """

    address: WebAddress
    status: str
    is_error: bool
    media_type: str
    text: str | None
    size_bytes: int | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """A `Redirect` leads from one server to another, and was not followed."""

    address: WebAddress
    target: WebAddress


async def fetch_page(address: WebAddress, settings: FetchSettings) -> Page | Redirect:
    """Fetches a page, and follows redirects of the same server.

    Raises ToolError when nothing came, or when the address is not one that is asked.
    """
    seconds = settings.timeout_seconds
    try:
        async with asyncio.timeout(seconds):
            return await _follow(address, settings)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise ToolError(
            f"{address.place} did not give the page within {seconds:g} s (fetch.timeout_seconds)"
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
        # The failure is named and not quoted: its text may hold what the server sent.
        raise ToolError(f"{address.place} gave no page ({type(error).__name__})") from error


async def _follow(address: WebAddress, settings: FetchSettings) -> Page | Redirect:
    for _ in range(REDIRECTS_MAX + 1):
        answer = await _ask(address, settings)
        if isinstance(answer, Page):
            return answer
        if not answer.target.has_origin_of(address):
            return answer
        address = answer.target
    raise ToolError(f"{address.place} redirects more than {REDIRECTS_MAX} times")


async def _ask(address: WebAddress, settings: FetchSettings) -> Page | Redirect:
    async with _answer(address, settings) as response:
        location = response.headers.get("location", "")
        if response.status_code in _REDIRECTS and location:
            return Redirect(address, address.follow(location))
        content_type = response.headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower()
        status = f"{response.status_code} {response.reason_phrase}".strip()
        if media_type and not is_text(media_type):
            size = response.headers.get("content-length", "")
            known = int(size) if size.isdecimal() and len(size) < 20 else None
            return Page(address, status, response.is_error, media_type, None, known)
        body, is_cut = await _read(response, settings.page_bytes_max)
    if not media_type and b"\0" in body:
        return Page(address, status, response.is_error, "of an unknown type", None, len(body))
    text = decoded(body, content_type)
    kind = media_type or "text/plain"
    return Page(address, status, response.is_error, kind, text, len(body), is_cut)


@asynccontextmanager
async def _answer(address: WebAddress, settings: FetchSettings) -> AsyncIterator[httpx.Response]:
    proxy = proxy_for(address.url)
    addresses = await _addresses(address, settings.private_hosts, is_proxied=proxy is not None)
    # A new client each time, so that no cookie is kept.
    transport = httpx.AsyncHTTPTransport(proxy=proxy.url if proxy else None)
    timeout = httpx.Timeout(settings.timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS)
    async with httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False) as client:
        response = await _send(client, address, addresses)
        try:
            yield response
        finally:
            await response.aclose()


async def _addresses(
    address: WebAddress, private_hosts: Sequence[str], *, is_proxied: bool
) -> tuple[str, ...]:
    """Where to connect to; nothing behind a proxy, which looks the name up itself."""
    try:
        found = await resolve(address)
    except ToolError:
        if is_proxied:
            return ()
        raise
    require_public(address, found, private_hosts)
    return () if is_proxied else found[:ADDRESSES_MAX]


async def _send(
    client: httpx.AsyncClient, address: WebAddress, addresses: Sequence[str]
) -> httpx.Response:
    """Asks the first address that can be reached, under the name that the certificate has."""
    url = httpx.URL(address.url)
    tried = [url.copy_with(host=each) for each in addresses] or [url]
    for place, each in enumerate(tried):
        request = client.build_request(
            "GET",
            each,
            headers={**_HEADERS, "Host": address.place},
            extensions={"sni_hostname": address.host},
        )
        try:
            return await client.send(request, stream=True, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if place == len(tried) - 1:
                raise
    raise ToolError(f"{address.place} has no address")


async def _read(response: httpx.Response, bytes_max: int) -> tuple[bytes, bool]:
    """The body, and whether there was more of it; what is packed counts unpacked too."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise ToolError(f"the page is packed as {coding[:40]!r}, which was not asked for")
    unpack = zlib.decompressobj(_ANY_GZIP) if coding not in ("", "identity") else None
    body, read = bytearray(), 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        body += chunk if unpack is None else _unpacked(unpack, chunk, bytes_max + 1 - len(body))
        if max(read, len(body)) > bytes_max:
            return bytes(body[:bytes_max]), True
    return bytes(body), False


def _unpacked(unpack: zlib._Decompress, chunk: bytes, bytes_max: int) -> bytes:
    try:
        return unpack.decompress(chunk, bytes_max)
    except zlib.error as error:
        raise ToolError("the page is packed in a way that cannot be read") from error
