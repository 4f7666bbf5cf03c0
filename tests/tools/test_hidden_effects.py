"""Commands that look as if they only read, and do not, or read elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.tools import NeedsCommand
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.approval import Approval, Ask
from lsp_server.tools.shell import Shell
from lsp_server.workspace.paths import Workspace


@pytest.mark.parametrize(
    "command",
    [
        "test -v 'a[$(touch x)]'",
        "test -e x -o -v 'a[$(touch x)]'",
        "printf -v 'a[$(touch x)]' y",
        "printf -v PATH %s ./bin; ls",
        "git -C evil/b status",
        "sort --files0-from=list",
        "wc --files0-from=list",
        "du --files0-from=list",
        "file -f list",
        "file --files-from=list",
        "date -flink",
        "cut -flink link",
        "md5sum -c list",
        "head -nlink link",
    ],
)
def test_they_are_asked_about(project: Path, command: str) -> None:
    (project / "link").symlink_to("/etc/hostname")
    decision = Approval(PermissionSettings(), Workspace(project)).decide(
        Shell.spec, NeedsCommand(command)
    )
    assert isinstance(decision, Ask)
