"""This module words a question of a run, and the answers to it, for every place of an editor."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.domain.permissions import Answer, Question, visible
from lsp_server.server.folders import Folder
from lsp_server.text.truncate import one_line, truncate_middle
from lsp_server.wording.permission_texts import ANSWERS, allowed_text

DETAIL_CHARS_MAX = 600
"""How much of an operation a message box shows; the diagnostic has more."""
SUMMARY_CHARS_MAX = 60

_IN_MENUS_ALONE: frozenset[Answer] = frozenset({"everywhere"})
"""What a message box does not offer: it has little room, and this is seldom meant."""


def box_titles(question: Question) -> dict[str, Answer]:
    """Returns the answers that a message box offers, by their titles."""
    return {ANSWERS[each]: each for each in question.answers if each not in _IN_MENUS_ALONE}


def action_titles(question: Question) -> Iterator[tuple[Answer, str]]:
    """Yields the answers that code actions and lenses offer, with titles that stand alone."""
    for answer in question.answers:
        if answer == "sandboxed":
            yield answer, f"Holdfast: {ANSWERS[answer]}, without asking"
        elif rule := question.rule_of(answer):
            yield answer, visible(f"Holdfast: {ANSWERS[answer]} ({rule})")
        else:
            summary = one_line(question.summary, SUMMARY_CHARS_MAX)
            yield answer, visible(f"Holdfast: {ANSWERS[answer]}: {summary}")


def choice_titles(question: Question) -> Iterator[tuple[Answer, str]]:
    """Yields all answers, the wider ones with what they allow, for beside the question itself."""
    for answer in question.answers:
        rule = question.rule_of(answer)
        yield answer, visible(f"{ANSWERS[answer]} ({rule})" if rule else ANSWERS[answer])


def question_head(question: Question, folder: Folder, *, name: str | None) -> str:
    """Says who asks for what and where, in a line; `name` is as of `question_text`."""
    asker = _asker(question, folder)
    where = f" in {name}" if name else ""
    return f"“{asker}” asks{where}: {question.summary}" if asker else question.summary


def question_text(
    question: Question, folder: Folder, *, name: str | None, opens_changes: bool
) -> str:
    """Says who asks for what and where, with the operation itself if it is not seen anyway.

    `name` is the folder's name if several are open. `opens_changes` says that the client
    opens what would be done to a file beside the person's work.
    """
    lines = [question_head(question, folder, name=name)]
    opened = opens_changes and question.path is not None and "\n" in question.detail
    if question.detail not in question.summary and not opened:
        lines.append(truncate_middle(question.detail, DETAIL_CHARS_MAX))
    if allows := allowed_text(question):
        lines.append(f"({allows})")
    return visible("\n".join(lines))


def _asker(question: Question, folder: Folder) -> str | None:
    """The title of the run that asks; None outside of runs."""
    if folder.session is None:
        return None
    askers = {asked.question.id: asked.run_id for asked in folder.session.permissions.pending()}
    titles = {run.run_id: run.title for run in folder.session.runs.active()}
    run_id = askers.get(question.id)
    return titles.get(run_id) if run_id is not None else None
