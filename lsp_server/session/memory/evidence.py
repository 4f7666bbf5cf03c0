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
from lsp_server.tools.check_commands import checks
from lsp_server.tools.shell import recorded_command
from lsp_server.tools.shell_syntax import Command, parse

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


def is_check(command: str) -> bool:
    """Says whether the success of a shell command shows something, and the command can be named.

    >>> is_check("uv run pytest -q tests"), is_check("cd web && npm test")
    (True, True)
    >>> is_check("pytest -q || true"), is_check("true"), is_check("pytest --version")
    (False, False, False)
    """
    script = parse(command)
    # Behind any other operator, a failure would not show in the exit status.
    if not script.understood or script.nested or not script.operators <= {"&&"}:
        return False
    commands = [one for one in script.commands if one.texts[:1] != ("cd",) or not _is_plain(one)]
    return bool(commands) and all(
        _is_plain(one) and len(one.words) > 1 and checks(one) for one in commands
    )


def evidence_id(command: str) -> str:
    """Returns the id of what a command shows by succeeding."""
    return f"command: {command}"


def evidence_command(evidence: str) -> str:
    """Returns the command whose success is the evidence with this id; "" for other evidence."""
    prefix = evidence_id("")
    return evidence.removeprefix(prefix) if evidence.startswith(prefix) else ""


def _is_plain(command: Command) -> bool:
    """Says whether the command runs as it is written, with its output where it was seen."""
    hidden = [to for to, target in command.redirections if (to, target.text) != ("2>&", "1")]
    dynamic = [word for word in command.words if word.kind == "dynamic"]
    # Variables that it sets may turn it into something else.
    return not (command.assignments or hidden or dynamic)


def _names(claim: str, command: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(command)}(?![\w/-])", claim) is not None
