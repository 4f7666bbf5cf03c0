"""This module reviews what a person changed in a workspace, and writes commit messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.tasks import (
    Achieved,
    Blocked,
    Budget,
    Failed,
    Finished,
    Outcome,
    RunId,
    Stopped,
    Unmet,
)
from lsp_server.session.code_review.findings import ReviewFinding, ReviewResult, read_findings
from lsp_server.session.code_review.review_task import message_task, review_task, shortened
from lsp_server.session.run import Run
from lsp_server.session.runs import Runs
from lsp_server.text.count import count_of
from lsp_server.wording.run_texts import outcome_text
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.git.git_diff import changes_since, staged_changes
from lsp_server.workspace.git.git_log import read_commits

SUBJECTS_MAX = 10


class NoReview(HoldfastError):
    """The run of a review was stopped or has failed, so there is no answer."""


class NothingChanged(HoldfastError):
    """There is nothing to review: git sees no change."""


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """A `ReviewRun` is a review at work: its run, the diff that it sees, and how many files it does not."""

    run: Run
    diff: str
    left_out: int


class CodeReview:
    """A `CodeReview` begins reviews of one workspace, and keeps the findings of the last one.

    `commands` run git; `on_change` is called when there are other findings.
    """

    def __init__(
        self, runs: Runs, root: Path, commands: CommandRunner, on_change: Callable[[], None]
    ) -> None:
        self._runs = runs
        self._root = root
        self._commands = commands
        self._on_change = on_change
        self.findings: Mapping[str, tuple[ReviewFinding, ...]] = MappingProxyType({})
        """Those of the last review, by the path of their file."""
        self.run_ids: set[RunId] = set()
        """The runs that are reviews, whose answers are no text for a person."""

    async def start(
        self, budget: Budget, base: str | None = None, path: str | None = None
    ) -> ReviewRun:
        """Begins a review of what differs from a commit, by default the last one.

        Raises NothingChanged, ConfigurationError, and as `Runs.start`.
        """
        diff, left_out = shortened(await changes_since(self._root, self._commands, base, path))
        if not diff:
            since = f" since {base}" if base else ""
            raise NothingChanged(f"nothing was changed{since}, so there is nothing to review")
        run = self._runs.start(review_task(diff, budget))
        self.run_ids.add(run.run_id)
        return ReviewRun(run, diff, left_out)

    async def result(self, review: ReviewRun) -> ReviewResult:
        """Waits for the end of a review and keeps its findings.

        Raises NoReview when the run was stopped or failed; then those of the last one stay.
        """
        result = read_findings(_answer(await review.run.wait()), review.diff)
        found: dict[str, list[ReviewFinding]] = {}
        for finding in result.findings:
            found.setdefault(finding.path, []).append(finding)
        self.findings = {path: tuple(each) for path, each in found.items()}
        self._on_change()
        return result

    async def write_message(self, budget: Budget) -> Run:
        """Begins a run whose answer is the message for what is staged, else for all that changed.

        Raises as `start`.
        """
        staged = await staged_changes(self._root, self._commands)
        diff, _ = shortened(staged or await changes_since(self._root, self._commands))
        if not diff:
            raise NothingChanged("nothing was changed, so there is nothing to commit")
        commits = await read_commits(self._root, SUBJECTS_MAX, self._commands)
        subjects = tuple(commit.subject for commit in commits)
        return self._runs.start(message_task(diff, subjects, budget))


def _answer(outcome: Outcome) -> str:
    match outcome:
        case Achieved(summary) | Finished(summary) | Unmet(summary):
            return summary
        case Blocked(question):
            return question
        case Stopped() | Failed():
            raise NoReview(f"there is no review: {outcome_text(outcome)}")
        case _:
            assert_never(outcome)


def result_text(result: ReviewResult, left_out: int) -> str:
    """Says in a sentence what came of a review."""
    if not result.is_read:
        return "the review named no findings that could be read; its transcript has what it said"
    count = len(result.findings)
    text = count_of(count, "finding") if count else "nothing was found"
    if result.dropped:
        text += f"; {result.dropped} dropped, without a failure or a true quote"
    return text + (
        f"; {count_of(left_out, 'file')} not looked at, as there are too many" if left_out else ""
    )
