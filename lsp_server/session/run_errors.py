"""This module names what cannot be done with a run.

The text of an error is the bare fact. It names no command, because a person in
an editor, at a terminal or behind another front door each has a way out of
their own: `server/commands/run_errors.py` and `cli/error_output.py` add it, by
the class of the error and its fields.
"""

from __future__ import annotations

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.tasks import Mode, RunId, RunState
from lsp_server.text.count import count_of
from lsp_server.text.legible import on_one_line


class RunError(HoldfastError):
    """Something that a person asked for cannot be done with this run, or with any."""


class NotFound(RunError):
    """There is nothing of the name that a person gave: no such run, or file, hunk, step or proposal of one."""


class RunNotFound(NotFound):
    """There is no such run: none with the id, or without an id none that fits `verb`."""

    def __init__(self, run_id: RunId | None, verb: str) -> None:
        unknown = f"run {run_id or repr('')} is unknown"
        super().__init__(f"there is no run to {verb}" if run_id is None else unknown)
        self.run_id = run_id


class RunNotActive(RunError):
    """The run does not work in this process now; without an id: no run does."""

    def __init__(self, run_id: RunId | None) -> None:
        inactive = f"run {run_id or repr('')} is not active"
        super().__init__("no run is active" if run_id is None else inactive)
        self.run_id = run_id


class RunBusy(RunError):
    """The run works, here or with `elsewhere` in another process, and must have ended first."""

    def __init__(self, run_id: RunId, *, elsewhere: bool) -> None:
        where = " in another process" if elsewhere else ""
        super().__init__(f"run {run_id} is active{where}; stop it first, or wait for its end")
        self.run_id = run_id
        self.elsewhere = elsewhere


class IsAttempt(RunError):
    """The run was an attempt of another one, in a copy of the workspace that is gone."""

    def __init__(self, run_id: RunId, whole: RunId, verb: str) -> None:
        super().__init__(
            f"run {run_id} was an attempt, in a copy of the workspace; {verb} its run, {whole}"
        )
        self.run_id = run_id


class IsChild(RunError):
    """The run belongs to another one, `whole`, that began it."""

    def __init__(self, run_id: RunId, whole: RunId) -> None:
        super().__init__(f"run {run_id} belongs to run {whole}; delete that one")
        self.run_id = run_id


class ChangeNotFound(NotFound):
    """The run did not change such a file, or changed no such hunk of it."""

    def __init__(self, run_id: RunId, path: str, hunk: str | None = None) -> None:
        file = on_one_line(path)
        what = f"has no hunk {hunk} in {file}" if hunk else f"did not change {file}"
        super().__init__(f"run {run_id} {what}")
        self.run_id = run_id


class StepNotFound(NotFound):
    """The run has no such step that counts; `last` is its last one, 0 where it has none."""

    def __init__(self, run_id: RunId, step: int, last: int) -> None:
        has = f"it has 1 to {last}" if last else "it has none"
        super().__init__(f"run {run_id} has no step {step}; {has}, and 0 is its beginning")
        self.run_id = run_id


class AlreadyOver(RunError):
    """The run has ended by itself as `state`, so there is nothing to resume."""

    def __init__(self, run_id: RunId, state: RunState) -> None:
        super().__init__(f"run {run_id} is {state}")
        self.run_id = run_id


class TooManyRuns(RunError):
    """So many runs are active that no other one may begin; `limit` says how many."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} runs are active already; stop one first")
        self.limit = limit


class TooManyMessages(RunError):
    """The run has not read the last `limit` messages yet."""

    def __init__(self, run_id: RunId, limit: int) -> None:
        super().__init__(f"run {run_id} has {limit} unread messages already")
        self.run_id = run_id
        self.limit = limit


class InvalidMessage(RunError):
    """A message to a run is blank, or longer than `chars_max` characters."""

    def __init__(self, chars_max: int) -> None:
        super().__init__(f"a message needs 1 to {count_of(chars_max, 'character')}")
        self.chars_max = chars_max


class ModeFixed(RunError):
    """A run is at work in another mode, which it keeps until it is stopped or has ended."""

    def __init__(self, run_id: RunId, mode: Mode) -> None:
        super().__init__(f"run {run_id} is at work in the mode {mode}; stop it, or let it end")
        self.run_id = run_id
        self.mode = mode


class MaxModeFixed(RunError):
    """Max Mode cannot be switched in a run that compares proposals."""

    def __init__(self, run_id: RunId) -> None:
        super().__init__(f"run {run_id} compares proposals; Max Mode is its job")
        self.run_id = run_id


class NothingProposed(RunError):
    """The run made no proposals that could be compared."""

    def __init__(self, run_id: RunId) -> None:
        super().__init__(f"run {run_id} proposed nothing")
        self.run_id = run_id


class NothingToAccept(NotFound):
    """The run has no proposal with the number that was asked for; `count` is how many it has."""

    def __init__(self, run_id: RunId, count: int) -> None:
        super().__init__(f"run {run_id} has {count_of(count, 'proposal')}")
        self.run_id = run_id
        self.count = count
