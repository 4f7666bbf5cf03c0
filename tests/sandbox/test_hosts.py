"""A command reaches the hosts that a person named, by their names, and nothing else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.domain.errors import ConfigurationError
from lsp_server.sandbox.choice import probed
from lsp_server.sandbox.host_proxy import HEAD_BYTES_MAX, REFUSED_MAX, HostProxy
from lsp_server.sandbox.named_hosts import NamedHosts, split_address
from lsp_server.settings.sections import Settings
from lsp_server.workspace.commands.commands import CommandResult, HostCommandRunner

NAMED = (
    "pypi.org",
    "*.pythonhosted.org",
    "localhost:8080",
    "10.0.0.5:5000",
    "[::1]:80",
    "Corp.Example",
)


ODD_LABELS = (
    "evil.org/",
    "evil.org#",
    "evil.org\0",
    "::1%",
    "a..b",
    "evil.org@",
    "evil.org\\",
    "é",
)


@pytest.mark.parametrize(
    ("name", "port", "expected"),
    [
        ("pypi.org", 443, True),
        ("pypi.org", 80, True),
        ("pypi.org", 22, False),
        ("pypi.org", 8443, False),
        ("test.pypi.org", 443, False),
        ("pypi.org.evil.org", 443, False),
        ("evilpypi.org", 443, False),
        ("files.pythonhosted.org", 443, True),
        ("a.b.pythonhosted.org", 443, True),
        ("pythonhosted.org", 443, False),
        ("evilpythonhosted.org", 443, False),
        ("localhost", 8080, True),
        ("localhost", 80, False),
        ("127.0.0.1", 8080, False),
        ("10.0.0.5", 5000, True),
        ("::1", 80, True),
        ("corp.example", 443, True),
        # What only ends as a name does is none.
        *((f"{odd}.pythonhosted.org", 443, False) for odd in (*ODD_LABELS, "*", "", "a" * 64)),
    ],
)
def test_hosts_are_known_by_name_and_port(name: str, port: int, expected: bool) -> None:
    assert NamedHosts(NAMED).names(name, port) == expected


@pytest.mark.parametrize(
    ("host", "address", "expected"),
    [
        ("pypi.org", "151.101.0.223", True),
        ("pypi.org", "2a04:4e42::223", True),
        ("pypi.org", "127.0.0.1", False),
        ("pypi.org", "10.1.2.3", False),
        ("pypi.org", "192.168.0.1", False),
        ("pypi.org", "169.254.169.254", False),
        ("pypi.org", "100.64.0.1", False),
        ("pypi.org", "0.0.0.0", False),
        ("pypi.org", "224.0.0.1", False),
        ("pypi.org", "255.255.255.255", False),
        ("pypi.org", "::1", False),
        ("pypi.org:80", "::1", True),
        ("pypi.org", "::", False),
        ("pypi.org", "fe80::1%eth0", False),
        ("pypi.org", "fd00::1", False),
        ("pypi.org", "::ffff:127.0.0.1", False),
        ("pypi.org", "::ffff:10.0.0.1", False),
        ("pypi.org", "2002:7f00:1::", False),
        ("pypi.org", "64:ff9b::7f00:1", False),
        ("pypi.org", "64:ff9b::9765:df", True),
        ("pypi.org", "64:ff9b:1::7f00:1", False),
        ("pypi.org", "::127.0.0.1", False),
        ("pypi.org", "::ffff:0:127.0.0.1", False),
        ("pypi.org", "2001:0:7f00:1::", False),
        ("pypi.org", "fec0::1", False),
        ("pypi.org", "4000::1", False),
        ("pypi.org", "192.0.0.192", False),
        ("pypi.org", "::ffff:192.0.0.192", False),
        ("localhost", "127.0.0.1", True),
        ("localhost", "10.1.2.3", False),
        ("corp.example:5000", "10.0.0.5", True),
        ("corp.example", "10.0.0.5", False),
        ("corp.example:5000", "10.0.0.6", False),
    ],
)
def test_a_private_address_is_named_itself_or_not_reached(
    host: str, address: str, expected: bool
) -> None:
    name, port = split_address(host, 443)
    assert port is not None
    assert NamedHosts(NAMED).admits(name, port, address) == expected


class Site:
    """A web server of one page, and the hosts of a proxy that leads to it."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npage")
        await writer.drain()
        writer.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    one = Site()
    async with one.open():
        yield one


@pytest.fixture
async def proxy(site: Site) -> AsyncIterator[HostProxy]:
    one = HostProxy(NamedHosts((f"127.0.0.1:{site.port}", "pypi.org")))
    yield one
    await one.close()


async def opened(proxy: HostProxy) -> int:
    """The port of a proxy that serves."""
    listener = socket.create_server(("127.0.0.1", 0))
    await proxy.serve(listener)
    return int(listener.getsockname()[1])


async def ask(proxy: HostProxy, *sent: str) -> str:
    """All that a proxy answers to what is sent over one connection."""
    return await say(await opened(proxy), *sent)


async def say(port: int, *sent: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            for text in sent:
                writer.write(text.encode("latin-1"))
            return (await reader.read()).decode("latin-1")
    finally:
        writer.close()


async def test_a_tunnel_passes_on_what_is_said(proxy: HostProxy, site: Site) -> None:
    place = f"127.0.0.1:{site.port}"
    said = await ask(
        proxy, f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"
    )
    assert said.startswith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
    assert said.endswith("page")
    assert site.heads == ["GET / HTTP/1.1\r\n\r\n"]


async def test_a_plain_request_is_for_its_own_host_alone(proxy: HostProxy, site: Site) -> None:
    place = f"127.0.0.1:{site.port}"
    head = (
        f"GET http://{place}/a?b=c HTTP/1.1\r\nHost: other.example\r\nAccept: */*\r\n"
        "Proxy-Connection: keep-alive\r\nProxy-Authorization: x\r\n\r\n"
    )
    assert (await ask(proxy, head)).endswith("page")
    expected = f"GET /a?b=c HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\nAccept: */*\r\n\r\n"
    assert site.heads == [expected]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("CONNECT evil.example:443 HTTP/1.1\r\n\r\n", "403 evil.example is not among"),
        ("CONNECT pypi.org:22 HTTP/1.1\r\n\r\n", "403"),
        ("CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", "403"),
        ("CONNECT localhost:{port} HTTP/1.1\r\n\r\n", "403"),
        ("CONNECT 2130706433:{port} HTTP/1.1\r\n\r\n", "403"),
        ("CONNECT 127.1:{port} HTTP/1.1\r\n\r\n", "403"),
        ("CONNECT 0:{port} HTTP/1.1\r\n\r\n", "403"),
        ("CONNECT pypi.org HTTP/1.1\r\n\r\n", "400"),
        ("CONNECT pypi.org:443@evil.example:443 HTTP/1.1\r\n\r\n", "400"),
        ("CONNECT pypi.org:99999 HTTP/1.1\r\n\r\n", "403"),
        ("GET http://evil.example/ HTTP/1.1\r\n\r\n", "403"),
        ("GET http://127.0.0.1:{port}@evil.example/ HTTP/1.1\r\n\r\n", "400"),
        ("GET https://pypi.org/ HTTP/1.1\r\n\r\n", "400"),
        ("GET ftp://pypi.org/ HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: pypi.org\r\n\r\n", "400"),
        ("GET http://127.0.0.1:{port}/ HTTP/1.1\r\n folded: x\r\n\r\n", "400"),
        ("GET http://127.0.0.1:{port}/ HTTP/1.1\r\nno colon\r\n\r\n", "400"),
        ("GET http://127.0.0.1:{port}/ HTTP/1.1\r\na: b\nHost: x\r\n\r\n", "400"),
        ("GET\nHost:evil.example http://127.0.0.1:{port}/ HTTP/1.1\r\n\r\n", "400"),
        ("GET http://127.0.0.1:{port}/ HTTP/1.1\nHost:evil.example\r\n\r\n", "400"),
        ("GET http://127.0.0.1:{port}/\0 HTTP/1.1\r\n\r\n", "400"),
        ("GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost\0: x\r\n\r\n", "400"),
        ("GET http://127.0.0.1:{port}/ HTTP/2\r\n\r\n", "400"),
        ("nonsense\r\n\r\n", "400"),
        ("\xff\xfe\r\n\r\n", "400"),
        ("GET http://[::1/ HTTP/1.1\r\n\r\n", "400"),
        (f"GET http://127.0.0.1/ HTTP/1.1\r\na: {'x' * HEAD_BYTES_MAX}\r\n\r\n", "431"),
    ],
)
async def test_what_is_not_named_or_odd_is_refused(
    proxy: HostProxy, site: Site, head: str, status: str
) -> None:
    said = await ask(proxy, head.replace("{port}", str(site.port)))
    assert said.startswith(f"HTTP/1.1 {status}"), said
    assert not site.heads


async def test_what_was_refused_is_remembered_within_bounds() -> None:
    proxy = HostProxy(NamedHosts(("pypi.org",)))
    port = await opened(proxy)
    for number in range(REFUSED_MAX + 5):
        await say(port, f"CONNECT e{number}.example:443 HTTP/1.1\r\n\r\n")
    await proxy.close()
    assert list(proxy.refused)[:2] == ["e0.example:443", "e1.example:443"]
    assert len(proxy.refused) == REFUSED_MAX


def settings(mode: str, *hosts: str) -> Settings:
    return Settings.model_validate(
        {"permissions": {"mode": "sandboxed"}, "sandbox": {"mode": mode, "hosts": hosts}}
    )


needs_bubblewrap = pytest.mark.skipif(
    not probed("bubblewrap").holds, reason="bubblewrap does not hold here"
)


@pytest.fixture
def execute(project: Path, site: Site) -> Callable[[str], object]:
    async def run(command: str) -> CommandResult:
        sandboxes = Sandboxes(project.resolve(), (), HostCommandRunner())
        wanted = settings("bubblewrap", f"127.0.0.1:{site.port}")
        return await sandboxes.commands(lambda: wanted).run(
            command.replace("PORT", str(site.port)), project.resolve(), timeout_seconds=60
        )

    return run


FETCH = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:PORT/').read().decode())"


@needs_bubblewrap
@pytest.mark.parametrize(
    "command",
    [
        f'python3 -c "{FETCH}"',
        "curl -sf http://127.0.0.1:PORT/",
        "curl -sf --proxytunnel http://127.0.0.1:PORT/",
        "curl -sf http://127.0.0.1:PORT/ && curl -sf http://127.0.0.1:PORT/",
    ],
)
async def test_a_named_host_is_reached(execute: Callable[[str], object], command: str) -> None:
    result = await execute(command)  # type: ignore[misc]
    assert result.exit_status == 0, result.output
    assert "page" in result.output


@needs_bubblewrap
@pytest.mark.parametrize(
    "command",
    [
        "curl -s --noproxy '*' http://127.0.0.1:PORT/",
        "curl -sf http://evil.example/",
        "curl -sf https://evil.example/",
        "exec 3<>/dev/tcp/127.0.0.1/PORT",
        "curl -sf http://localhost:PORT/",
        'python3 -c "import socket; socket.socket(socket.AF_UNIX)"',
        "getent hosts example.org",
    ],
)
async def test_nothing_else_is(execute: Callable[[str], object], site: Site, command: str) -> None:
    result = await execute(command)  # type: ignore[misc]
    assert result.exit_status != 0, result.output
    assert not site.heads


@needs_bubblewrap
async def test_the_output_names_what_was_refused(execute: Callable[[str], object]) -> None:
    result = await execute("curl -s https://evil.example/; true")  # type: ignore[misc]
    assert "evil.example:443" in result.output
    assert "sandbox.hosts" in result.output


@needs_bubblewrap
async def test_a_command_that_only_reads_reaches_none(project: Path, site: Site) -> None:
    wanted = settings("bubblewrap", f"127.0.0.1:{site.port}")
    commands = Sandboxes(project.resolve(), (), HostCommandRunner()).commands(lambda: wanted)
    result = await commands.run(
        f"curl -s http://127.0.0.1:{site.port}/",
        project.resolve(),
        timeout_seconds=60,
        reads_only=True,
    )
    assert result.exit_status != 0
    assert not site.heads


@pytest.mark.skipif(not probed("landlock").holds, reason="Landlock does not hold here")
async def test_a_mechanism_without_a_network_of_its_own_says_so(project: Path) -> None:
    sandboxes = Sandboxes(project.resolve(), (), HostCommandRunner())
    with pytest.raises(ConfigurationError, match=r"sandbox\.hosts needs bubblewrap") as raised:
        await sandboxes.confine_commands(settings("landlock", "pypi.org"))
    assert raised.value.key == "sandbox.hosts"
    # What needs no host runs.
    asking = settings("landlock", "pypi.org").model_copy(
        update={"permissions": Settings().permissions}
    )
    result = await sandboxes.commands(lambda: asking).run(
        "echo it ran", project.resolve(), timeout_seconds=20, reads_only=True
    )
    assert result.output == "it ran\n"
