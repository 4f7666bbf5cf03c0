"""This module decides which commands run without a question, and in which environment.

A free command is known to change nothing, names nothing outside of the workspace,
and starts no program of the project's. It runs in an environment in which that
holds; any other command runs in the person's own.
"""

from __future__ import annotations

from lsp_server.tools.confinement import is_confined
from lsp_server.tools.read_only import git_subcommand, is_read_only
from lsp_server.tools.shell_syntax import Command, ShellScript, parse
from lsp_server.workspace import repository
from lsp_server.workspace.commands import CommandProfile
from lsp_server.workspace.inert import inert_environment, is_trusted
from lsp_server.workspace.paths import Workspace

_ENTER_SUBMODULES = frozenset({"status", "diff"})


def is_free(script: ShellScript, workspace: Workspace) -> bool:
    """Says whether nobody needs to be asked. Blocking, for some milliseconds."""
    return changes_nothing(script, workspace) and is_confined(script, workspace)


def changes_nothing(script: ShellScript, workspace: Workspace) -> bool:
    """Says whether a script only reads, by programs that are not the project's, wherever that leads."""
    return is_read_only(script) and all(_is_inert(each, workspace) for each in script.commands)


def profile_of(command: str, workspace: Workspace) -> CommandProfile:
    """Returns what is known of a command before it runs. Blocking, for some milliseconds."""
    script = parse(command)
    if not changes_nothing(script, workspace):
        return CommandProfile()
    return CommandProfile(
        inert_environment(workspace.root),
        changes_nothing=True,
        # What a person allowed beyond that reads where a sandbox would hide it.
        reads_only=is_confined(script, workspace),
    )


def _is_inert(command: Command, workspace: Workspace) -> bool:
    program = command.texts[0]
    if not is_trusted(program, workspace.root):
        return False
    if program != "git":
        return True
    enters = git_subcommand(command) in _ENTER_SUBMODULES
    return repository.starts_nothing(workspace.root, enters_submodules=enters)
