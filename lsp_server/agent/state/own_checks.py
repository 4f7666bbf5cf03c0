"""This module knows the commands with which a run itself checked its work, and how each last ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.domain.events import ToolReturned
from lsp_server.domain.ids import Id
from lsp_server.domain.tools import NeedsCommand
from lsp_server.goals.findings import ran_no_test
from lsp_server.tools.check_commands import check_kind

CHECKS_MAX = 5
"""So many of the newest are known: each of them may run once more at the end."""
OUTPUT_TAIL_CHARS = 3000


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """An `OwnCheck` is a command of the run that checks the work, as it last ended.

    `tree` is the hash of the working tree as it was then, empty where nobody looked.
    `has_passed` says whether it passed at any time in the run.
    """

    command: str
    step: int
    passed: bool
    has_passed: bool
    exit_status: int | None
    ending: str
    output_tail: str
    seconds: float
    tree: Id


@dataclass(slots=True)
class OwnChecks:
    """`OwnChecks` has the newest CHECKS_MAX checks of a run by their command, the oldest first."""

    by_command: dict[str, OwnCheck] = field(default_factory=dict)

    def take(self, needs: NeedsCommand, event: ToolReturned) -> None:
        """Takes in how a command ended; one that left the sandbox cannot be run again as it was."""
        result = event.result
        kind = check_kind(needs.command)
        if needs.outside or not result.ending or kind == "none":
            return
        before = self.by_command.pop(needs.command, None)
        # Of a pipe the status is its last command's: it has to run again, with that of all.
        passed = kind == "plain" and result.exit_status == 0 and not ran_no_test(result.output)
        self.by_command[needs.command] = OwnCheck(
            needs.command,
            event.step,
            passed,
            passed or (before is not None and before.has_passed),
            result.exit_status,
            result.ending,
            result.output[-OUTPUT_TAIL_CHARS:],
            event.seconds,
            result.tree,
        )
        for oldest in list(self.by_command)[:-CHECKS_MAX]:
            del self.by_command[oldest]
