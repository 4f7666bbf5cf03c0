"""This module says what an attempt showed: whether it passes, what it changed, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lsp_server.domain.attempt_events import AttemptEnded
from lsp_server.domain.candidates import CandidateGroup, Scores
from lsp_server.domain.events import (
    FileChanged,
)
from lsp_server.domain.tasks import Achieved, Finished
from lsp_server.goals.changes import ContentByName
from lsp_server.session.attempts.strategies import strategy_of
from lsp_server.text.count import count_of
from lsp_server.text.diff import unified_diff
from lsp_server.text.truncate import first_line, truncate
from lsp_server.wording.run_texts import outcome_text, report_text, usage_text
from lsp_server.workspace.files.encoding import decode

FILES_MAX = 100
"""So many files are shown; the others are counted."""
CHANGES_CHARS_MAX = 60_000
"""How much of an attempt's diff is shown to a person."""
TITLE_CHARS_MAX = 80
TEXT_CHARS_MAX = 2_000


def passes(ended: AttemptEnded) -> bool:
    """Says whether an attempt showed that it did what was asked.

    With a goal its checks must hold in its own copy; edits of what judges it count only where
    a person accepted them. Without one it has to have come to its end.
    """
    if ended.report is None:
        return isinstance(ended.outcome, Achieved | Finished)
    is_achieved = isinstance(ended.outcome, Achieved)
    return ended.report.met and (is_achieved or not ended.report.judges_edited)


def conditions_met(ended: AttemptEnded) -> int:
    """Returns how many conditions of the goal an attempt meets."""
    conditions = ended.report.conditions if ended.report else ()
    return sum(item.verdict in ("met", "waived") for item in conditions)


def group_of(
    ended: AttemptEnded, changes: str, count: int, scores: Scores | None = None
) -> CandidateGroup:
    """Returns an attempt as a comparison shows it; `count` is how many attempts there are."""
    said = outcome_text(ended.outcome)
    hint = strategy_of(ended.number).hint
    return CandidateGroup(
        title=first_line(f"attempt {ended.number} of {count}: {said}", TITLE_CHARS_MAX),
        text=truncate(f"{said}\n\n{f'Its hint: {hint}' if hint else ''}".strip(), TEXT_CHARS_MAX),
        calls=(),
        size=1,
        problem=_problem(ended),
        notes=tuple(_notes(ended)),
        changes=truncate(changes, CHANGES_CHARS_MAX),
        scores=scores,
    )


def diff_of(
    changes: Sequence[FileChanged], content: ContentByName, visible: Callable[[str], bool]
) -> str:
    """Returns what an attempt changed as one diff. Blocking.

    Files that are not `visible` are named without their contents.
    """
    files = [change for change in changes if not change.is_folder]
    parts = [_file_diff(change, content, visible) for change in files[:FILES_MAX]]
    if len(files) > FILES_MAX:
        parts.append(f"(changed, too: {count_of(len(files) - FILES_MAX, 'more file')})\n")
    return "".join(parts)


def _file_diff(change: FileChanged, content: ContentByName, visible: Callable[[str], bool]) -> str:
    if not visible(change.path):
        return f"({change.path} was changed; a rule keeps its contents from being shown)\n"
    before, after = (_text(name, content) for name in (change.before, change.after))
    if before is None or after is None:
        return f"({change.path} was changed; it is no text, or too large to be shown)\n"
    diff = unified_diff(change.path, before, after)
    if not diff:
        return f"({change.path} was {_verb(change)})\n"
    return diff if diff.endswith("\n") else f"{diff}\n"


def _verb(change: FileChanged) -> str:
    if change.before is None:
        return "created"
    return "deleted" if change.after is None else "changed, but for its text"


def _text(name: str | None, content: ContentByName) -> str | None:
    if name is None:
        return ""
    decoded = decode(data) if (data := content(name)) is not None else None
    return decoded[0] if decoded else None


def _problem(ended: AttemptEnded) -> str:
    if passes(ended):
        return ""
    if ended.report is None:
        return outcome_text(ended.outcome)
    missing = [
        f"{item.condition.text}: {item.missing or item.verdict}"
        for item in ended.report.conditions
        if item.verdict not in ("met", "waived")
    ]
    if not missing:
        return f"it edited what judges it: {', '.join(ended.report.judges_edited)}"
    return "; ".join(missing)


def _notes(ended: AttemptEnded) -> Iterator[str]:
    spent = usage_text(ended.billed, ended.cost_usd)
    yield f"{count_of(ended.steps, 'step')}, {ended.seconds:.0f} s, {spent}"
    if ended.report is not None:
        yield from report_text(ended.report).splitlines()
