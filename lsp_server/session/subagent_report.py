"""This module says to the model how a subagent ended: its summary, and what the harness saw."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lsp_server.agent.state import State
from lsp_server.domain.tasks import Outcome, RunId
from lsp_server.text.count import count_of
from lsp_server.text.markdown import code_block, code_span
from lsp_server.text.truncate import truncate_middle
from lsp_server.wording.run_texts import outcome_text, usage_text

SUMMARY_CHARS_MAX = 6_000
"""A longer summary is cut in the middle; `recall` gives all of it."""
FILES_MAX = 40
COMMANDS_MAX = 12
"""So many of the commands that it ran last are named, each with the id that `recall` takes."""


def report_text(run_id: RunId, outcome: Outcome, state: State) -> str:
    """Returns the result of a call that a subagent worked on.

    What the subagent says stands in a block, as its words may come from anywhere; the
    lines below are read in its journal.
    """
    done = state.progress
    spent = f"{count_of(done.step, 'step')}, {usage_text(done.billed, done.cost_usd)}"
    summary = truncate_middle(outcome_text(outcome), SUMMARY_CHARS_MAX)
    seen = [*_changes(state), *_commands(run_id, state)]
    return "\n".join(
        [
            f"The subagent {run_id} ended: {outcome.outcome}, {spent}. It says:",
            code_block(summary),
            "What it did, as its journal has it:",
            *(seen or ["- it changed no file and ran no command"]),
        ]
    )


def _changes(state: State) -> Iterator[str]:
    files = list(state.work.files.items())
    for path, what in files[-FILES_MAX:]:
        yield f"- {code_span(path)}: {what} of its own"
    if len(files) > FILES_MAX:
        yield f"- and {count_of(len(files) - FILES_MAX, 'file')} more"


def _commands(run_id: RunId, state: State) -> Iterator[str]:
    newest = reversed(state.work.commands.items())
    for command, run in islice(newest, COMMANDS_MAX):
        yield f"- {code_span(command)}: {run.ending} (recall id {run_id}/{run.call_id})"
    if len(state.work.commands) > COMMANDS_MAX:
        yield f"- and {count_of(len(state.work.commands) - COMMANDS_MAX, 'command')} more"
