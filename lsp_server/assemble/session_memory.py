"""This module puts together the memory that a session has, or that a command has without one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsp_server.assemble.on_demand import open_memory
from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.memory import SessionMemory
from lsp_server.session.notices import Notify
from lsp_server.settings.folders import config_folder, data_folder, workspace_folder
from lsp_server.settings.sections import MemorySettings, Settings
from lsp_server.workspace.commands.commands import CommandRunner, HostCommandRunner
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.known_secrets import KnownSecrets
from lsp_server.workspace.files.paths import Workspace

if TYPE_CHECKING:
    from lsp_server.memory.base.base_builder import BuildReport


def session_memory(
    folder: Path,
    workspace: Workspace,
    documents: Documents,
    known_secrets: KnownSecrets,
    redactor: Redactor,
    sandboxes: Sandboxes,
    commands: CommandRunner,
    settings: MemorySettings,
    current: Callable[[], Settings],
    notify: Notify,
) -> SessionMemory:
    """Makes the memory of one workspace, which opens when it is first wanted.

    `folder` has what lasts of the workspace. `commands` run git; `current` returns the settings
    of now, where those of the memory are `settings` until it is told of others.
    """
    place = folder / "memory"
    start_process = partial(sandboxes.start_own, current)

    async def build(*arguments: Any, **options: Any) -> BuildReport:
        from lsp_server.assemble.team_base import build_base  # noqa: PLC0415 - much, and rarely

        given = (workspace, known_secrets.look, commands, start_process, *arguments)
        return await build_base(*given, **options)

    return SessionMemory(
        settings,
        partial(
            open_memory,
            place,
            workspace,
            known_secrets.look,
            commands=commands,
            start_process=start_process,
        ),
        lambda: settings.uri is not None or (place / "tables").exists(),
        workspace,
        documents,
        folder / "runs",
        commands=commands,
        redactor=redactor,
        notify=notify,
        build_base=build,
    )


def open_session_memory(
    root: Path, settings: Settings, notify: Notify, *, data: Path | None = None
) -> SessionMemory:
    """Opens the memory of one workspace folder without a session around it. Close it.

    It is for commands that index and search: nothing that a run needs is loaded, and no
    endpoint is looked for. So the key of one is known as a secret only where the environment
    has it. `data` is where memory lies, by default the user's data folder.
    """
    workspace = Workspace(root)
    data = data or data_folder()
    sandboxes = Sandboxes(workspace.root, (data, config_folder()), HostCommandRunner())
    known_secrets = KnownSecrets(workspace.root, data, lambda: ())

    def current() -> Settings:
        return settings

    return session_memory(
        workspace_folder(data, workspace.root),
        workspace,
        Documents(),
        known_secrets,
        Redactor(known_secrets),
        sandboxes,
        sandboxes.own_programs(current),
        settings.memory,
        current,
        notify,
    )
