"""Real VS Code on loopback: code-server with the packaged extension, and a browser's script."""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.lsp_client import REPOSITORY
from tests.harness.programs import saw

CLIENT = REPOSITORY / "editor-client"
INSTALLED = CLIENT / ".code-server" / "node_modules"
NODE = INSTALLED / "node" / "bin" / "node"
ENTRY = INSTALLED / "code-server" / "out" / "node" / "entry.js"
SCRIPTS = CLIENT / "test" / "vscode"
START_SECONDS = 60.0
PLAY_SECONDS = 150.0
NO_GALLERY = {"EXTENSIONS_GALLERY": "{}"}

SETTINGS = {
    "telemetry.telemetryLevel": "off",
    "workbench.startupEditor": "none",
    "workbench.enableExperiments": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.tips.enabled": False,
    "security.workspace.trust.enabled": False,
    "workbench.welcomePage.walkthroughs.openOnInstall": False,
    "chat.disableAIFeatures": True,
    "update.mode": "none",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "git.enabled": False,
}


@dataclass
class CodeServer:
    """A running one; `starts` is a file with the process id of each server that it started."""

    url: str
    project: Path
    starts: Path
    folder: Path
    play_seconds: float = PLAY_SECONDS

    def server_pids(self) -> list[int]:
        return [int(line) for line in self.starts.read_text().split()]

    async def play(self, script: str, pictures: Path, **more: str) -> dict[str, Any]:
        """Runs a script in the browser to its end; what it saw."""
        result = self.folder / "result.json"
        environment = {
            **os.environ,
            "CODE_SERVER": str(INSTALLED.parent),
            "URL": self.url,
            "PROJECT": str(self.project),
            "STARTS": str(self.starts),
            "SHOTS": str(pictures),
            **more,
        }
        return await saw([NODE, SCRIPTS / f"{script}.mjs"], environment, result, self.play_seconds)


def need() -> None:
    """Skips where VS Code is missing."""
    how = ""
    if not ENTRY.exists():
        how = "code-server is not installed; editor-client/test/vscode/install does it"
    elif shutil.which("chromium") is None:
        how = "chromium is not installed"
    elif not (CLIENT / "holdfast.vsix").exists():
        how = "the extension is not packaged; `npm ci && npm run package` in editor-client does it"
    elif changed := changed_since(CLIENT / "holdfast.vsix", CLIENT):
        how = (
            f"the extension was packaged before {changed} changed; `npm run package` does it again"
        )
    if how:
        _skip(how)


def changed_since(package: Path, client: Path) -> str | None:
    """A source of the extension that is newer than its package, which would be tested in its place."""
    made = package.stat().st_mtime
    folders = (client / "src", client / "page")
    sources = (client / "package.json", *(path for each in folders for path in each.rglob("*.*")))
    newest = max(sources, key=lambda path: path.stat().st_mtime)
    return newest.relative_to(client).as_posix() if newest.stat().st_mtime > made else None


def need_index(folder: Path) -> None:
    """Skips where no package index answers."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), "merge3"]
    if subprocess.run(pip, capture_output=True, check=False).returncode != 0:
        _skip("no package index answers")


def _skip(why: str) -> None:
    """Where CI promises everything, nothing may be missing."""
    assert not os.environ.get("VSCODE_REQUIRED"), why
    pytest.skip(why)


@asynccontextmanager
async def code_server(
    folder: Path,
    project: Path,
    *,
    environment: Mapping[str, str],
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[CodeServer]:
    """Serves an empty VS Code that has the extension until the end."""
    data, extensions = folder / "data", folder / "extensions"
    for place in (data / "User", data / "Machine"):
        place.mkdir(parents=True)
    shutil.copytree(_installed(), extensions)
    program = _program(folder)
    chosen = {**SETTINGS, "holdfast.server.path": str(program), **(settings or {})}
    (data / "User" / "settings.json").write_text(json.dumps(chosen))
    (data / "Machine" / "settings.json").write_text(json.dumps(chosen))
    places = ["--user-data-dir", str(data), "--extensions-dir", str(extensions)]
    port = _free_port()
    with (folder / "code-server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            NODE,
            ENTRY,
            *places,
            *("--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry"),
            *("--disable-update-check", "--disable-getting-started-override"),
            env={**os.environ, **NO_GALLERY, **environment},
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        await _healthy(url)
        yield CodeServer(url, project, program.with_name("starts"), folder)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


def _program(folder: Path) -> Path:
    """A server that writes down that it starts, as the person's own program."""
    program = folder / "holdfast"
    program.write_text(
        "#!/bin/sh\n"
        f'case "$1" in serve) echo $$ >>"{folder}/starts"; set -- "$@" --log-file "{folder}/server-$$.log" ;; esac\n'
        f'exec "{sys.executable}" -m lsp_server "$@"\n'
    )
    program.chmod(0o755)
    (folder / "starts").touch()
    return program


@functools.cache
def _installed() -> Path:
    """A folder of extensions into which the package was installed, once for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-extensions-"))
    atexit.register(shutil.rmtree, folder)
    extensions = folder / "extensions"
    places = ["--user-data-dir", str(folder / "data"), "--extensions-dir", str(extensions)]
    install = [*places, "--install-extension", str(CLIENT / "holdfast.vsix")]
    done = subprocess.run(
        [NODE, ENTRY, *install],
        env={**os.environ, **NO_GALLERY},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return extensions


async def _healthy(url: str) -> None:
    async with asyncio.timeout(START_SECONDS), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"{url}/healthz")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
