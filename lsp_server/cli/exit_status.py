"""This module runs the work of a command and turns how it ended into an exit status."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsp_server.cli.error_output import error_text, print_error
from lsp_server.domain.errors import HoldfastError
from lsp_server.session.run_errors import NotFound

FAILED = 1
USAGE_ERROR = 2
STOPPED = 130
"""128 and the number of SIGINT, as shells have it."""


class UsageError(HoldfastError):
    """The command cannot be meant as it was typed; the text says what is wrong with it."""


def run_command(
    work: Coroutine[Any, Any, int], *, failed: int = USAGE_ERROR, stopped: str = "stopped"
) -> int:
    """Runs the work of a command to its exit status; must not be called on a running loop.

    What goes wrong is one sentence on standard error. The status is `failed` then, or where the
    system refused something, as to write the output; USAGE_ERROR for a UsageError and where what
    was named is not there, and STOPPED after Ctrl-C, with `stopped` as the sentence.
    """
    try:
        return asyncio.run(work)
    except (UsageError, NotFound) as error:
        print_error(error_text(error))
        return USAGE_ERROR
    except HoldfastError as error:
        print_error(error_text(error))
        return failed
    except BrokenPipeError:
        return _unread(failed)
    except OSError as error:
        print_error(f"the system refused it: {error}")
        return _unread(failed)
    except KeyboardInterrupt:
        print_error(stopped)
        return STOPPED


def _unread(status: int) -> int:
    """Lets what is left of the output go nowhere, as the process would fail once more at its end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def workspace_folder(path: Path) -> Path:
    """Returns the folder that `--workspace` names, made absolute. Raises UsageError."""
    if not path.is_dir():
        raise UsageError(f"--workspace {path} is not a folder")
    return path.resolve()
