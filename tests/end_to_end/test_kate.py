"""Kate with the file that ships: a client that lets nobody edit and asks nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.desktop import Desktop, desktop
from tests.harness.editors import CLIENT, KATE
from tests.harness.expectation import until
from tests.harness.workshop import calls, finish

ACTIONS = "textDocument/codeAction"
EDIT = {"path": "answer.py", "old_text": "41", "new_text": "42"}
KATERC = """\
[General]
Show welcome view for new window=false
[Kate Plugins]
lspclientplugin=true
[lspclient]
AllowedServerCommandLines={program}
"""
TAPPED = """\
#!/bin/sh
tee {wire}/to-server | {python} -m lsp_server serve --stdio | tee {wire}/to-client
"""


class Wire:
    """All that Kate and the server say to each other, as it lies in two files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def said(self, by: str, method: str) -> list[dict[str, Any]]:
        return [each["params"] for each in self._messages(by) if each.get("method") == method]

    def asked_again(self, times: int) -> bool:
        """Says whether Kate asked for actions more often than that many times."""
        return len(self.said("to-server", ACTIONS)) > times

    def commands(self) -> list[str]:
        return [each["command"] for each in self.said("to-server", "workspace/executeCommand")]

    def _messages(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.folder / name
        text = path.read_bytes() if path.exists() else b""
        for part in re.split(rb"Content-Length: \d+\r\n\r\n", text):
            try:
                yield json.loads(part)
            except ValueError:
                continue  # It is being written.


def configured(project: Path, server: ScriptedServer) -> dict[str, str]:
    """The environment of a person who has set Kate up as its page says."""
    home = project.parent / "kate"
    program = home / "bin" / "holdfast"
    for folder in (program.parent, home / "config/kate/lspclient", home / "run"):
        folder.mkdir(parents=True)
    (home / "run").chmod(0o700)
    program.write_text(TAPPED.format(wire=home, python=sys.executable))
    program.chmod(0o755)
    shutil.copy(CLIENT / "editors/kate/settings.json", home / "config/kate/lspclient")
    (home / "config/katerc").write_text(KATERC.format(program=program))
    return {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOLDFAST_MODEL__BASE_URL": server.base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
    }


async def act(shown: Desktop, wire: Wire, at: tuple[str, ...], command: str) -> None:
    """Takes the first code action of the place `at`, which has to run this command.

    Without a window manager a click gives the focus, once the window is there; nothing tells
    when. A menu gives no sign of itself either, but for the actions that Kate then asks for. So
    all of it is tried until that is on the wire.
    """
    for _ in range(10):
        asked = partial(wire.asked_again, len(wire.said("to-server", ACTIONS)))
        await shown.does("key", "Escape", "key", "Escape", "mousemove", *at, "click", "1")
        await shown.does("key", "ctrl+a", "key", "alt+l", "sleep", "0.5", "key", "c")
        if await came(asked):
            await shown.does("sleep", "1", "key", "Down", "sleep", "0.3", "key", "Return")
            if await came(lambda: command in wire.commands()):
                return
    raise AssertionError(f"no {command} among {wire.commands()}")


async def came(true: Callable[[], bool]) -> bool:
    """Says whether it becomes true within a few seconds."""
    for _ in range(50):
        if true():
            return True
        await asyncio.sleep(0.1)
    return False


@pytest.mark.editor
@pytest.mark.shows("kate", "work", "permission")
async def test_permission_is_a_code_action_and_no_quick_fix_gives_it(project: Path) -> None:
    KATE.need()
    (project / ".git").mkdir()
    file = project / "answer.py"
    file.write_text("def answer():\n    return 41  # 🙂\n", "utf-8")
    async with ScriptedServer([calls(("edit", EDIT)), finish("The answer is 42.")]) as server:
        variables = configured(project, server)
        wire = Wire(Path(variables["HOME"]))
        async with desktop(["kate", "-n", str(file)], project, variables) as shown:
            await until(lambda: wire.said("to-server", "textDocument/didOpen"), "the file")
            await act(shown, wire, ("300", "134"), "holdfast.run.start")

            def asked() -> bool:
                told = wire.said("to-client", "textDocument/publishDiagnostics")
                return any(
                    "waits for permission" in each["message"]
                    for params in told
                    for each in params["diagnostics"]
                )

            await until(asked, "the question")
            # Kate runs whatever it is offered for a diagnostic.
            await shown.does("mousemove", "120", "117", "click", "1")
            before = len(wire.said("to-server", ACTIONS))
            await shown.does("key", "ctrl+period")
            await until(lambda: wire.asked_again(before), "the quick fixes")
            await act(shown, wire, ("120", "117"), "holdfast.permission.answer")
            await until(lambda: "return 42  # 🙂" in file.read_text("utf-8"), "the edit on disk")
        assert wire.commands() == ["holdfast.run.start", "holdfast.permission.answer"]
        (answer,) = wire.said("to-server", "workspace/executeCommand")[1]["arguments"]
        assert answer["answer"] == "once"
        assert not wire.said("to-client", "workspace/applyEdit"), "it does not say that it can"
