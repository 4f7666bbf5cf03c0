"""No exception of the HTTP library leaves the room, and proxies stay out of loopback."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from lsp_server.domain.errors import ConfigurationError, ModelError, ModelRefused, ModelUnavailable
from lsp_server.models.chat_completions import ChatCompletions
from lsp_server.models.connection import HTTP_FAILURES, failure, open_client
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.wire_server import QUESTION, model_at, settings_for

URL = "https://host.example/v1"
EXCEPTIONS = [
    each
    for each in vars(httpx).values()
    if isinstance(each, type) and issubclass(each, Exception) and each.__module__ == "httpx"
]
PERMANENT = {
    "CookieConflict", "HTTPStatusError", "InvalidURL", "LocalProtocolError", "RequestError",
    "HTTPError", "RequestNotRead", "ResponseNotRead", "StreamClosed", "StreamConsumed",
    "StreamError", "TooManyRedirects", "UnsupportedProtocol",
}  # fmt: skip


def made(kind: type[Exception]) -> Exception:
    if issubclass(kind, httpx.StreamError):
        return kind.__new__(kind)
    if kind is httpx.HTTPStatusError:
        request = httpx.Request("GET", URL)
        return httpx.HTTPStatusError("secret", request=request, response=httpx.Response(500))
    return kind("secret")


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=lambda kind: kind.__name__)
async def test_every_exception_of_httpx_becomes_one_of_ours(kind: type[Exception]) -> None:
    class Failing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise made(kind)

    model = ChatCompletions(settings_for(URL), client=httpx.AsyncClient(transport=Failing()))
    with pytest.raises(ModelError) as raised:
        await model.respond(QUESTION)
    expected = ModelRefused if kind.__name__ in PERMANENT else ModelUnavailable
    assert type(raised.value) is expected
    assert "host.example" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_the_list_of_exceptions_is_not_empty() -> None:
    assert {httpx.ConnectError, httpx.ReadTimeout, httpx.InvalidURL} <= set(EXCEPTIONS)
    assert all(issubclass(kind, HTTP_FAILURES) for kind in EXCEPTIONS)


async def test_nobody_there_is_worth_waiting_for() -> None:
    async with model_at("http://127.0.0.1:9/v1") as model:
        with pytest.raises(ModelUnavailable, match=r"cannot be reached.*model\.base_url"):
            await model.respond(QUESTION)


async def test_loopback_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with (
        ScriptedServer([ScriptedTurn(text="Hi")]) as server,
        model_at(server.base_url) as model,
    ):
        assert (await model.respond(QUESTION)).message.text == "Hi"


async def test_others_are_asked_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedServer() as proxy:
        address = proxy.base_url.removesuffix("/v1")
        monkeypatch.setenv("HTTP_PROXY", address)
        monkeypatch.setenv("http_proxy", address)
        async with model_at("http://host.example/v1") as model:
            with pytest.raises(ModelRefused, match="404"):
                await model.respond(QUESTION)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SSL_CERT_FILE", "/no/such/file.pem", "SSL_CERT_FILE"),
        ("ALL_PROXY", "ftp://host.example", "ALL_PROXY"),
    ],
)
def test_an_environment_that_cannot_work_is_named(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=says):
        open_client(URL)


def test_certificates_that_are_gone_stop_no_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    open_client("http://host.example/v1")


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:9", "ftp://proxy.example"])
def test_a_proxy_that_is_not_on_the_way_stops_nothing(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    monkeypatch.setenv("NO_PROXY", "[::1], host.example")
    open_client(URL)


async def test_a_message_names_the_proxy_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://ada:hush@127.0.0.1:9")
    async with model_at("http://host.example/v1") as model:
        with pytest.raises(ModelUnavailable, match=r"proxy http://127\.0\.0\.1:9 \(HTTP_PROXY\)"):
            await model.respond(QUESTION)


@pytest.mark.parametrize(
    "exceptions", ["[::1]", "fe80::/10", "[fe80::/10]", "[::1", "*.", ":", "%"]
)
async def test_without_a_proxy_none_is_spoken_of(
    exceptions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", exceptions)
    async with model_at("http://127.0.0.1:9/v1") as model:
        with pytest.raises(ModelUnavailable, match=r"cannot be reached; start the server"):
            await model.respond(QUESTION)


@pytest.mark.parametrize("key", ["base_url", "name"])
def test_an_endpoint_needs_a_place_and_a_name(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"model.{key}"):
        ChatCompletions(settings_for(URL).model_copy(update={key: None}))


async def test_a_given_client_stays_open() -> None:
    async with httpx.AsyncClient() as client:
        await ChatCompletions(settings_for(URL), client=client).close()
        assert not client.is_closed


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=lambda kind: kind.__name__)
def test_an_endpoint_that_never_answered_is_not_asked_for_hours(kind: type[Exception]) -> None:
    error = made(kind)
    assert isinstance(error, HTTP_FAILURES)
    known, unknown = (
        failure(error, settings_for(URL), has_answered=each) for each in (True, False)
    )
    assert type(known) is type(unknown)
    if isinstance(known, ModelUnavailable) and isinstance(unknown, ModelUnavailable):
        assert known.patience_seconds is None
        assert unknown.patience_seconds is not None
        assert unknown.patience_seconds <= 600


def test_the_cause_of_a_certificate_failure_is_found() -> None:
    error = httpx.ConnectError("")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    assert isinstance(failure(error, settings_for(URL)), ModelRefused)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and the certificate of localhost that nobody signed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path / "certificate.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", path, "-out", path.with_suffix(".crt"), "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=False, capture_output=True,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip("openssl cannot make a certificate here")
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
async def tls_url(certificate: Path) -> AsyncIterator[str]:
    """A server that shows this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/v1"


async def test_an_unknown_certificate_is_refused_and_ssl_cert_file_mends_it(
    tls_url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model_at(tls_url) as model:
        with pytest.raises(ModelRefused, match="SSL_CERT_FILE"):
            await model.respond(QUESTION)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with model_at(tls_url) as model:
        with pytest.raises(ModelUnavailable, match="500"):
            await model.respond(QUESTION)
