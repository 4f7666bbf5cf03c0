"""This module makes what runs the tests of a task: a sandbox in which they and their task are alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.settings.sections import Settings
from lsp_server.workspace.commands.commands import CommandRunner, HostCommandRunner


def grading_commands(
    settings: Settings, workspace: Path, writable: Iterable[Path], shown: Iterable[Path]
) -> CommandRunner:
    """Returns the runner for commands that may change a workspace and what is `writable` alone.

    They read what is in `shown` as well. The mode of permission decides whether they are
    confined, as for commands of a run.
    """
    sandbox = settings.sandbox.model_copy(update={"write": tuple(map(str, writable)), "hide": ()})
    confined = settings.model_copy(update={"sandbox": sandbox})
    sandboxes = Sandboxes(workspace, (), HostCommandRunner(), shown=shown)
    # What an agent left as an environment of its own must not grade it.
    return sandboxes.commands(lambda: confined).runner
