"""Nothing but the endpoint that is configured is ever looked up or connected to.

`strace` sees what libraries do beneath Python too, and what commands do; where it is
missing, the interpreter's own audit shows what Python does.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.lsp_client import SERVE, started
from tests.harness.command_line import holdfast
from tests.harness.expectation import until
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.harness.workshop import calls, finish

TRACED_CALLS = "connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(
    r"sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?inet_(?:addr\(|pton\(AF_INET6, )\"([^\"]+)\""
)
_SOCKET_FILE = re.compile(r'sa_family=AF_UNIX, sun_path="([^"]+)"')
_SERVICES = {"53", "80", "443", "1234", "8000", "8080", "11434"}
"""Names, pages, and where servers of models usually are."""
_NAME_SERVICE = "/var/run/nscd/"
"""Asked by the C library for users and groups, where it runs."""
AUDIT = """
import os, sys
def see(event, values):
    if event == "socket.connect":
        seen(values[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        seen(values[:2])
def seen(address):
    with open(os.environ["SEEN"], "a") as file:
        file.write(f"{address}\\n")
sys.addaudithook(see)
"""
EVERY_DAY: dict[str, Sequence[str]] = {
    "a run": ("run", "--sandboxed", "Look at the project."),
    "the index": ("index",),
    "a search": ("search", "where is the date parsed"),
    "a fact": ("remember", "Tests run with pytest."),
    "goals": ("goals", "--check"),
    "the doctor": ("doctor",),
    "the demo": ("demo",),
}
TURNS = [
    calls(
        ("read", {"path": "dates.py"}),
        ("search", {"query": "where is the date parsed", "mode": "semantic"}),
        ("shell", {"command": "git log; ls"}),
        ("remember", {"text": "Dates are parsed in dates.py."}),
        ("recall", {"query": "date"}),
    ),
    finish(),
]


def can_trace() -> bool:
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-f", "-qq", "true"], check=False, capture_output=True)
    return done.returncode == 0


def addresses(trace: Path) -> set[str]:
    """Where processes went, as `host:port` or the path of a socket."""
    text = trace.read_text("utf-8", "replace")
    found = {f"{host}:{port}" for port, host in _ADDRESS.findall(text)}
    files = {path for path in _SOCKET_FILE.findall(text) if not path.startswith(_NAME_SERVICE)}
    return found | files


def elsewhere(found: set[str]) -> set[str]:
    """Those outside of this machine, services of names and models on it, and sockets in files."""
    own = {one for one in found if one.startswith(("127.0.0.1:", "::1:"))}
    return (found - own) | {one for one in own if one.rpartition(":")[2] in _SERVICES}


@pytest.fixture
def checkout(project: Path) -> Path:
    lay_out(
        project,
        {
            "dates.py": "def parse(text):\n    return text\n",
            ".holdfast/goals.md": "# Goals\n\n## Dates\n\n- [ ] they are parsed\n",
        },
    )
    committed(project)
    return project


@pytest.mark.skipif(not can_trace(), reason="strace cannot trace here")
@pytest.mark.parametrize("name", EVERY_DAY)
async def test_no_process_goes_anywhere_else(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    trace = tmp_path / "trace"
    program = tmp_path / "traced-python"
    program.write_text(
        f'#!/bin/sh\nexec strace -f -qq -e trace={TRACED_CALLS} -o {trace} {sys.executable} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    async with ScriptedServer(TURNS) as server:
        done = await holdfast(*EVERY_DAY[name], folder=checkout, **_settings(server))
        assert done.status in (0, 1, 3, 5), done
        asked = len(server.requests)
        own = {_address(server)}
    assert elsewhere(addresses(trace)) == set()
    assert own <= addresses(trace) or not asked, "nothing was seen"
    assert asked or name != "a run"


@pytest.mark.skipif(not can_trace(), reason="strace cannot trace here")
async def test_the_server_goes_nowhere_else(checkout: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    argv = ("strace", "-f", "-qq", "-e", f"trace={TRACED_CALLS}", "-o", str(trace), *SERVE)
    async with ScriptedServer(TURNS) as server, started(argv, environment=_settings(server)) as it:
        await it.initialize(checkout)
        it.open(checkout / "dates.py")
        await it.command("holdfast.run.start", {"prompt": "Look at the project."})
        await until(lambda: len(server.requests) >= 2, "the run", seconds_max=60)
        await it.shutdown()
        own = {_address(server)}
    assert elsewhere(addresses(trace)) == set()
    assert own <= addresses(trace)


@pytest.mark.parametrize("name", ["a run", "the index", "the doctor"])
async def test_the_interpreter_looks_no_name_up(checkout: Path, tmp_path: Path, name: str) -> None:
    seen = tmp_path / "seen"
    seen.touch()
    lay_out(tmp_path, {"hooks/sitecustomize.py": AUDIT})
    async with ScriptedServer(TURNS) as server:
        watched = {"SEEN": str(seen), "PYTHONPATH": str(tmp_path / "hooks")}
        done = await holdfast(*EVERY_DAY[name], folder=checkout, **_settings(server), **watched)
        assert done.status in (0, 1, 3, 5), done
        port = _address(server).partition(":")[2]
    elsewhere = [line for line in seen.read_text().splitlines() if port not in line]
    assert elsewhere == []


def _address(server: ScriptedServer) -> str:
    return urlsplit(server.base_url).netloc


def _settings(server: ScriptedServer) -> dict[str, str]:
    """The default settings but for the endpoint."""
    return {
        "HOLDFAST_MODEL__BASE_URL": server.base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
        "HOLDFAST_MEMORY__ENABLED": "true",
    }
