"""`python -m lsp_server` and the console script `holdfast`."""

from __future__ import annotations

import sys

from lsp_server.cli.app import app


def main() -> None:
    """Without a command, as editors start it, it serves over standard input and output."""
    spare_httpx_its_command_line()
    arguments = sys.argv[1:]
    starts_with_flag = arguments and arguments[0].startswith("-")
    if not arguments or (starts_with_flag and arguments[0] not in ("--help", "-h", "--version")):
        arguments = ["serve", *arguments]
    app(args=arguments, prog_name="holdfast")


def spare_httpx_its_command_line() -> None:
    """Keeps httpx from importing rich, click and pygments, a third of a start's time.

    httpx does without its own command line where these are not installed, and
    an entry of None is how Python says that a module is not.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
