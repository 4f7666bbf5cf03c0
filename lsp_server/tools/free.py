"""This module decides which commands run without a question, and in which environment.

A free command is known to change nothing, names nothing outside of the workspace, shows no
file for secrets, and starts no program of the project's. It runs in an environment in which
that holds; any other command runs in the person's own.
"""

from __future__ import annotations

from collections.abc import Callable

from lsp_server.tools.confinement import is_confined
from lsp_server.tools.read_only import git_arguments, is_read_only
from lsp_server.tools.shell_syntax import Command, ShellScript, parse
from lsp_server.tools.shown_files import reads_unnamed_files, shows_history
from lsp_server.workspace.commands.commands import CommandProfile
from lsp_server.workspace.commands.inert import inert_environment, is_trusted
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.files.secret_files import secret_paths
from lsp_server.workspace.git import repository
from lsp_server.workspace.git.secret_history import keeps_no_secrets

_ENTER_SUBMODULES = frozenset({"status", "diff"})


def is_free(script: ShellScript, workspace: Workspace, sandbox_holds: Callable[[], bool]) -> bool:
    """Says whether nobody needs to be asked. Blocking, mostly for some milliseconds.

    Where no sandbox holds, it takes words as they are: none that the shell would expand.
    """
    if not changes_nothing(script, workspace) or not is_confined(script, workspace):
        return False
    if not (_is_literal(script) or sandbox_holds()):
        return False
    return _keeps_secrets(script, workspace, sandbox_holds)


def changes_nothing(script: ShellScript, workspace: Workspace) -> bool:
    """Says whether a script only reads, by programs that are not the project's, wherever that leads."""
    return is_read_only(script) and all(_is_inert(each, workspace) for each in script.commands)


def profile_of(command: str, workspace: Workspace) -> CommandProfile:
    """Returns what is known of a command before it runs. Blocking, for some milliseconds."""
    script = parse(command)
    if not changes_nothing(script, workspace):
        return CommandProfile()
    hidden = secret_paths(workspace.root) if reads_unnamed_files(script) else ()
    return CommandProfile(
        inert_environment(workspace.root),
        changes_nothing=True,
        # What a person allowed beyond that reads where a sandbox would hide it.
        reads_only=hidden is not None and is_confined(script, workspace),
        hidden=hidden or (),
    )


def _is_literal(script: ShellScript) -> bool:
    return all(word.kind == "literal" for command in script.commands for word in command.words)


def _keeps_secrets(
    script: ShellScript, workspace: Workspace, sandbox_holds: Callable[[], bool]
) -> bool:
    """Says whether no file for secrets is shown: none is there, or a sandbox hides it."""
    if reads_unnamed_files(script):
        secret = secret_paths(workspace.root)
        if secret is None or (secret and not sandbox_holds()):
            return False
    return not shows_history(script) or keeps_no_secrets(workspace.root)


def _is_inert(command: Command, workspace: Workspace) -> bool:
    program = command.texts[0]
    if not is_trusted(program, workspace.root):
        return False
    if program != "git":
        return True
    enters = any(word.text in _ENTER_SUBMODULES for word in git_arguments(command)[:1])
    return repository.starts_nothing(workspace.root, enters_submodules=enters)
