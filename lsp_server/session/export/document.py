"""This module writes a run down as Markdown: its transcript, and those of its children behind it."""

from __future__ import annotations

from lsp_server.agent.transcript import render
from lsp_server.session.export.exported_run import ExportedRun


def document(run: ExportedRun) -> str:
    """Returns the transcript of a run, and behind it those of the runs that it began."""
    children = (f"\n---\n\n*Run {one.run_id}*\n\n{document(one)}" for one in run.children)
    return render(run.events) + "".join(children)
