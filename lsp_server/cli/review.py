"""This module is `holdfast review`: what would fail in what a person changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import FAILED, run_command, workspace_folder
from lsp_server.domain.permissions import visible
from lsp_server.session.code_review.code_review import result_text
from lsp_server.session.code_review.findings import ReviewResult
from lsp_server.text.count import count_of
from lsp_server.text.diff_quotes import diff_lines

FOUND = 3
"""The exit status when something was found."""


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """`ReviewOptions` are the arguments of the command: `path` is a file or folder of the workspace."""

    workspace: Path = Path()
    base: str | None = None
    path: str | None = None
    json: bool = False


def review(options: ReviewOptions) -> int:
    """Reviews a change; 0 when nothing was found, FOUND when something was."""
    return run_command(_review(options), failed=FAILED)


async def _review(options: ReviewOptions) -> int:
    folder = workspace_folder(options.workspace)
    async with command_session(folder, load_settings(folder)) as session:
        budget = session.settings.run.budget
        begun = await session.code_review.start(budget, options.base, options.path)
        sys.stderr.write(
            f"run {begun.run.run_id} reviews {count_of(len(diff_lines(begun.diff)), 'file')}\n"
        )
        result = await session.code_review.result(begun)
    if options.json:
        sys.stdout.writelines(f"{json.dumps(asdict(each))}\n" for each in result.findings)
    else:
        sys.stdout.writelines(f"{visible(line)}\n" for line in _lines(result))
    sys.stderr.write(f"{result_text(result, begun.left_out)}\n")
    if not result.is_read:
        return FAILED
    return FOUND if result.findings else 0


def _lines(result: ReviewResult) -> Iterator[str]:
    for each in result.findings:
        yield f"{each.path}:{each.line}: {each.severity}: {each.title}"
        yield f"    {each.failure}"
