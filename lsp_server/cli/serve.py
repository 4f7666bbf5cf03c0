"""This module is `holdfast serve`: the language server as a process, which editors start.

Its flags are parsed here, with the standard library: an editor waits for this
start, and importing the parser of the other commands takes a sixth of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lsp_server.cli.exit_status import FAILED, USAGE_ERROR
from lsp_server.cli.log import configure_log
from lsp_server.domain.errors import ConfigurationError
from lsp_server.system import startup


def serve(arguments: Sequence[str]) -> int:
    """Serves until the editor leaves; returns the exit status of the process."""
    options = _parser().parse_args(arguments)
    if options.stop is not None:
        return _stop(options.stop)
    # Some clients say whose child they are, others only that they want to be watched.
    watched = options.client_process_id or (os.getppid() if options.check_parent_process else None)
    if options.background:
        from lsp_server.server.background.front import serve_in_background

        return serve_in_background(_log_flags(options), watched)
    if options.background_server is not None:
        return _serve_background(options)
    from lsp_server.server.server import serve_stdio, serve_tcp

    startup.restore_garbage_collection()
    configure_log(options.log_file, options.verbose)
    if options.tcp is None:
        if sys.stdin is not None and sys.stdin.isatty():
            sys.stderr.write("holdfast waits for an editor here; see holdfast --help\n")
        return serve_stdio(parent_process_id=watched)
    host, _, port = options.tcp.rpartition(":")
    if not port.isdigit():
        return _refuse(f"--tcp wants HOST:PORT, as in 127.0.0.1:7777, not {options.tcp!r}")
    try:
        return serve_tcp(host or "127.0.0.1", int(port), parent_process_id=watched)
    except ConfigurationError as error:
        return _refuse(str(error))


def _serve_background(options: argparse.Namespace) -> int:
    """Is the server that `--background` starts."""
    from lsp_server.server.background.background_server import serve_background

    startup.restore_garbage_collection()
    descriptor, folder = options.background_server

    def log_to(file: Path) -> None:
        configure_log(options.log_file or file, options.verbose)

    return serve_background(int(descriptor), Path(folder), log_to)


def _log_flags(options: argparse.Namespace) -> tuple[str, ...]:
    """What a server that is started in the background is told of its log."""
    # It may be started elsewhere than the next one.
    file = () if options.log_file is None else ("--log-file", str(options.log_file.absolute()))
    return (*file, *["--verbose"] * options.verbose)


def _stop(folder: str) -> int:
    from lsp_server.server.meeting.census import stop_servers

    said, ended = stop_servers(Path(folder) if folder else None)
    sys.stdout.write("\n".join(said or ["there is no background server"]) + "\n")
    return 0 if ended else FAILED


def _refuse(problem: str) -> int:
    sys.stderr.write(f"holdfast serve: {problem}\n")
    return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("holdfast serve", description="Run the language server.")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--stdio", action="store_true", help="speak over standard input and output (the default)"
    )
    way.add_argument("--tcp", metavar="HOST:PORT", help="listen on loopback for one editor")
    way.add_argument(
        "--background",
        action="store_true",
        help="speak over standard input and output with a server that outlives the editor",
    )
    way.add_argument(
        "--stop",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="end all background servers, or that of a folder",
    )
    way.add_argument(
        "--background-server", nargs=2, metavar=("FD", "FOLDER"), help=argparse.SUPPRESS
    )
    parser.add_argument("--log-file", type=Path, metavar="FILE", help="write the log there")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="log more")
    parser.add_argument(
        "--check-parent-process",
        action="store_true",
        help="end when the process that started it is gone",
    )
    parser.add_argument(
        "--clientProcessId", dest="client_process_id", type=int, help=argparse.SUPPRESS
    )
    return parser
