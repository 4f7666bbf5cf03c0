"""This module is `holdfast export`: a run written down for others, to a file or to standard output."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.error_output import print_error
from lsp_server.cli.exit_status import FAILED, UsageError, run_command
from lsp_server.cli.runs_folder import runs_folder
from lsp_server.domain.tasks import RunId
from lsp_server.session.export.document import document
from lsp_server.session.export.exported_run import read_run
from lsp_server.session.export.page import page
from lsp_server.session.export.prediction import prediction
from lsp_server.session.export.trajectory import trajectory
from lsp_server.session.session import Session
from lsp_server.system.atomic_file import create_file, replace_file

ExportFormat: TypeAlias = Literal["atif", "markdown", "html", "predictions"]

NAMED_MAX = 5


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`ExportOptions` are what a command line says about an export.

    Without a `run_id` the newest run is meant, without an `output` standard output. A file
    that is there is replaced with `force` alone.
    """

    run_id: str | None
    workspace: Path
    format: ExportFormat
    output: Path | None = None
    force: bool = False
    instance_id: str | None = None


def export(options: ExportOptions) -> int:
    """Writes the run down; the exit status, 1 where it cannot be read or written."""
    return run_command(_export(options), failed=FAILED)


async def _export(options: ExportOptions) -> int:
    folder = runs_folder(options.workspace)
    if options.output is not None:
        _require_place(options.output, force=options.force)
    settings = load_settings(folder, {"memory": {"enabled": False}})
    async with command_session(folder, settings) as session:
        text = await _written(session, options)
    # What a model wrote may hold half of a surrogate pair, which UTF-8 cannot.
    data = text.encode("utf-8", "replace")
    await asyncio.to_thread(_put, data, options.output, force=options.force)
    return 0


async def _written(session: Session, options: ExportOptions) -> str:
    meant = session.runs.choose(
        RunId(options.run_id) if options.run_id is not None else None, "export"
    )
    store, clean = session.runs.store, session.redactor.about
    run = await asyncio.to_thread(read_run, store, meant.run_id, clean)
    match options.format:
        case "atif":
            return await asyncio.to_thread(trajectory, run)
        case "html":
            return await asyncio.to_thread(page, run)
        case "markdown":
            return await asyncio.to_thread(document, run)
        case "predictions":
            made = await prediction(run, session.changed_texts.of, options.instance_id)
            if made.left_out:
                more = len(made.left_out) - NAMED_MAX
                named = ", ".join(made.left_out[:NAMED_MAX]) + (f" and {more} more" * (more > 0))
                print_error(f"not in the patch, as they are no text or not kept any more: {named}")
            return made.line


def _put(data: bytes, output: Path | None, *, force: bool) -> None:
    if output is None:
        if sys.stdout is None:
            raise UsageError("standard output is closed; name a file by --output")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        if force:
            # A link stays one, and what it leads to is replaced.
            replace_file(output.resolve(), data, private=True)
        elif not create_file(output, data, private=True):
            raise _there_already(output)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror or error}") from error


def _require_place(output: Path, *, force: bool) -> None:
    """Raises UsageError where a file is in the way, or what is no file and is not to be replaced."""
    if not output.exists():
        return
    if not output.is_file():
        raise UsageError(f"{output} is no file; without --output it goes to standard output")
    if not force:
        raise _there_already(output)


def _there_already(output: Path) -> UsageError:
    return UsageError(f"{output} is there already; pass --force to replace it")
