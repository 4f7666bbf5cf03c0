"""This module decides whether what a run did shows that a claim of it holds.

A claim is verified only by a check: a command of a known kind, such as a test run,
whose success means something. Text that a run merely read may tell it to claim
anything, so a claim gains nothing by naming a command that always succeeds, by
naming further commands, or by being long.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from lsp_server.domain.memories import ActionRecord
from lsp_server.domain.tasks import RunId
from lsp_server.memory.made_facts import evidence_id
from lsp_server.tools.check_commands import is_check
from lsp_server.tools.shell import recorded_command

RUNS_MAX = 32
"""Runs whose checks are known; the one with the oldest check goes first."""
CHECKS_MAX = 100
"""Checks of one run that are known."""
CLAIM_CHARS_MAX = 300
"""A longer claim says more than a command can show."""

_NOTHING_CHECKED = re.compile(
    r"no tests? (?:ran|found|collected|files?|to run)|\b0 (?:passed|passing|tests)\b"
    r"|nothing to be done",
    re.IGNORECASE,
)
_CODE_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


class PassedChecks:
    """`PassedChecks` keeps the checks of each run that last succeeded, with their output."""

    def __init__(self) -> None:
        self._passed: OrderedDict[RunId, dict[str, str]] = OrderedDict()

    def see(self, action: ActionRecord) -> str:
        """Takes an action in; returns the id of evidence that does not hold any more, or ""."""
        script = recorded_command(action.tool, action.arguments)
        if script is None:
            return ""
        # A claim is one line, so a check is known by its command on one line.
        command = " ".join(script.split())
        passed = self._of_run(RunId(action.run_id))
        passed.pop(command, None)
        if action.outcome != "ok":
            return evidence_id(command)
        if is_check(script) and not _NOTHING_CHECKED.search(action.result):
            passed[command] = action.result
            for oldest in list(passed)[:-CHECKS_MAX]:
                del passed[oldest]
        return ""

    def evidence_of(self, run_id: RunId, claim: str) -> str:
        """Returns the id of the check that shows a claim of a run, or "" if none does.

        The claim has to name a check that succeeded in this run, word for word, and
        no other command. Numbers in it have to occur in the check's output.
        """
        if len(claim) > CLAIM_CHARS_MAX or "://" in claim:
            return ""
        passed = self._passed.get(run_id, {})
        named = [command for command in passed if _names(claim, command)]
        spans = {" ".join(span.split()) for _, span in _CODE_SPAN.findall(claim)}
        if not named or any(" " in span and span not in passed for span in spans):
            return ""
        command = max(named, key=len)
        numbers = set(_NUMBER.findall(claim.replace(command, "")))
        output = set(_NUMBER.findall(passed[command]))
        return evidence_id(command) if numbers <= output else ""

    def _of_run(self, run_id: RunId) -> dict[str, str]:
        self._passed.setdefault(run_id, {})
        self._passed.move_to_end(run_id)
        while len(self._passed) > RUNS_MAX:
            self._passed.popitem(last=False)
        return self._passed[run_id]


def _names(claim: str, command: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(command)}(?![\w/-])", claim) is not None
