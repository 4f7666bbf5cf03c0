"""This module starts Holdfast, as `python -m lsp_server` and as the script `holdfast`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lsp_server.system import own_environment, startup
from lsp_server.system.leaving import leave

WELCOME = "welcome"
COMPLETION = "_HOLDFAST_COMPLETE"
"""The variable with which a shell asks what may follow."""

OF_ALL = ("--help", "-h", "--version", "--install-completion", "--show-completion")
"""Flags of no command; any other without a command is one of the server."""


def main() -> None:
    """Runs the command that is named, and leaves with its exit status."""
    try:
        run_command()
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise  # A sentence, which Python writes.
        leave(end.code or 0)


def run_command() -> None:
    """Runs the command that is named; without one it serves an editor, or tells a person what it is.

    Raises SystemExit.
    """
    startup.relax_garbage_collection()
    startup.compile_dataclass_methods_when_called()
    import_nothing_from_the_workspace()
    own_environment.hide_keys()
    startup.leave_out_command_line_of_httpx()
    command, *arguments = sys.argv[1:] or [_meant()]
    if command == WELCOME:
        from lsp_server.cli.welcome import welcome  # noqa: PLC0415 - the lines above come first

        sys.exit(welcome())
    if command.startswith("-") and command not in OF_ALL:
        command, arguments = "serve", sys.argv[1:]
    if command == "serve":
        from lsp_server.cli.serve import serve  # noqa: PLC0415 - both lines above come first

        sys.exit(serve(arguments))
    refuse_what_is_no_text(arguments)
    from lsp_server.cli.app import app  # noqa: PLC0415 - as above

    app(prog_name="holdfast")


def _meant() -> str:
    """What is meant without an argument: a shell asks for completions by a variable alone."""
    if COMPLETION in os.environ:
        return COMPLETION
    return WELCOME if sys.stdin is not None and sys.stdin.isatty() else "serve"


def import_nothing_from_the_workspace() -> None:
    """Takes the current folder off the import path, where `python -m` puts it.

    A project with a folder `httpx` in it would otherwise run its own code in
    our process.
    """
    here = Path.cwd()
    ours = Path(__file__).resolve().parents[1]
    if here.resolve() != ours:
        sys.path[:] = [entry for entry in sys.path if entry and entry != os.fspath(here)]


def refuse_what_is_no_text(arguments: Sequence[str]) -> None:
    """Ends the process where an argument is not UTF-8: no journal, model or memory takes it."""
    from lsp_server.cli.error_output import print_error  # noqa: PLC0415 - as above

    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            print_error(f"the argument '{argument}' is not UTF-8; write it in UTF-8")
            sys.exit(2)


if __name__ == "__main__":
    main()
