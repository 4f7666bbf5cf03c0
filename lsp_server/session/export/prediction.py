"""This module makes a prediction for SWE-bench of what a run changed: one line of JSON with a patch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lsp_server.agent.state.work_log import WorkLog
from lsp_server.domain.events import FileChanged
from lsp_server.session.changed_texts import ChangedText
from lsp_server.session.export.exported_run import ExportedRun
from lsp_server.text.patch import FileDifference, FileVersion, git_patch

TextsOf: TypeAlias = Callable[[FileChanged], Awaitable[ChangedText | None]]
"""Gives the texts of a change; None for what is no text, or is not kept any more."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A `Prediction` is a line of predictions.jsonl; `left_out` are paths that no patch can have."""

    line: str
    left_out: tuple[str, ...]


async def prediction(
    run: ExportedRun, texts_of: TextsOf, instance_id: str | None = None
) -> Prediction:
    """Makes the prediction of a run for an instance, by default the name of the run's workspace."""
    log = WorkLog()
    for event in run.events:
        log.apply(event)
    differences: list[FileDifference] = []
    left_out: list[str] = []
    for change in log.changes.values():
        if change.is_folder or change.before == change.after:
            continue
        texts = await texts_of(change)
        if texts is None:
            left_out.append(change.path)
        else:
            differences.append(
                FileDifference(change.path, _version(texts.before), _version(texts.after))
            )
    start = run.start
    workspace = Path(start.workspace).name if start is not None else ""
    line = json.dumps(
        {
            "instance_id": instance_id or workspace or run.run_id,
            "model_name_or_path": "+".join(filter(None, ("holdfast", run.model_name))),
            "model_patch": await asyncio.to_thread(git_patch, differences),
        },
        ensure_ascii=False,
    )
    return Prediction(line + "\n", tuple(left_out))


def _version(text: str | None) -> FileVersion | None:
    return FileVersion(text.encode("utf-8", "replace")) if text is not None else None
