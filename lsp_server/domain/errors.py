"""Errors, sorted by who can mend them.

    HoldfastError
    ├── ConfigurationError    a person, by changing a setting
    ├── ModelError
    │   ├── ModelUnavailable  nobody: wait and try again
    │   ├── ModelRefused      a person: key, model name, quota
    │   │   └── PromptTooLong the loop: a new cycle with a shorter prompt
    │   └── ModelMisbehaved   the model, once it is told
    ├── ToolError             the model, once it is told
    │   └── EditRejected      the same: ambiguous, overlapping, refused
    │       └── StaleEdit     the same, or whoever can read again and still means it
    ├── BudgetExceeded        nobody: it is the plan
    └── MemoryUnavailable     an operator, later

A message names the thing and the mend, in one sentence, since a person or a
model reads it as it stands.
"""

from __future__ import annotations


class HoldfastError(Exception):
    """Anything that Holdfast itself raises."""


class ConfigurationError(HoldfastError):
    """A setting is missing or wrong; `key` is its dotted path, when there is one."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class ModelError(HoldfastError):
    """The model, or the way to it, failed."""


class ModelUnavailable(ModelError):
    """Transient: refused, dropped, silent, 429 or 5xx.

    `retry_after_seconds` is what the endpoint asked for, None if it said nothing.
    """

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ModelRefused(ModelError):
    """The endpoint answered that it will not: trying again changes nothing."""


class PromptTooLong(ModelRefused):
    """The prompt does not fit the model's window."""


class ModelMisbehaved(ModelError):
    """The answer cannot be used: cut off, malformed, empty or endless."""


class ToolError(HoldfastError):
    """A tool call failed in a way that the model can react to.

    `message` says what happened, `hint` what to do instead, in the words of the
    tools; whoever reports it to a person may leave the hint out.

    >>> str(ToolError("notes.txt does not exist", "use `list` to see which files do"))
    'notes.txt does not exist; use `list` to see which files do'
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


class EditRejected(ToolError):
    """An edit was not applied and nothing of it was written."""


class StaleEdit(EditRejected):
    """The text is not the one that the edit was made for."""


class BudgetExceeded(HoldfastError):
    """A limit of the run is used up; `limit` names it, as in `steps_max`."""

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class MemoryUnavailable(HoldfastError):
    """The memory store cannot serve; the run goes on without recall."""
