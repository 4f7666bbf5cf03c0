"""This module defines the errors of Holdfast, sorted by who can fix them.

    HoldfastError
    ├── ConfigurationError    a person, by changing a setting
    ├── ModelError
    │   ├── ModelUnavailable  nobody: wait and try again
    │   ├── ModelRefused      a person: key, model name, quota
    │   │   └── PromptTooLong the loop: a new cycle with a shorter prompt
    │   └── ModelMisbehaved   the model, when it reads what was wrong
    ├── ToolError             the model, when it reads what was wrong
    │   └── EditRejected      the model: ambiguous, overlapping, refused
    │       └── StaleEdit     the model, or a caller that reads the text again
    ├── BudgetExceeded        nobody: it is the plan
    └── MemoryUnavailable     an operator, later

A message names the thing and the fix in one sentence, since a person or a model reads
it unchanged. Each kind is caught in one place: `models/retrying.py` waits on
ModelUnavailable, `tools/toolbox.py` turns ToolError into a result for the model,
`agent/loop.py` reacts to the other ModelErrors and to BudgetExceeded, and
`agent/memory_source.py` goes on without memory.
"""

from __future__ import annotations


class HoldfastError(Exception):
    """A `HoldfastError` is the base of everything that Holdfast itself raises."""


class ConfigurationError(HoldfastError):
    """A setting is missing or wrong; `key` is its dotted path, as in `model.base_url`, if any."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class ModelError(HoldfastError):
    """A request to a model failed: the model itself, or the way to it."""


class ModelUnavailable(ModelError):
    """An endpoint cannot answer now: it refused, dropped, stayed silent, sent 429 or 5xx.

    Asking again later may help. `retry_after_seconds` is how long the endpoint asked to
    be left alone, None if it did not say. `patience_seconds` is for how long asking again
    makes sense where the failure may well last, None for one that passes.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        patience_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.patience_seconds = patience_seconds


class ModelRefused(ModelError):
    """An endpoint refused the request for good: asking again changes nothing."""


class PromptTooLong(ModelRefused):
    """The prompt does not fit the model's window.

    `prompt_tokens_max` is what would fit, None where the endpoint did not say.
    """

    def __init__(self, message: str, *, prompt_tokens_max: int | None = None) -> None:
        super().__init__(message)
        self.prompt_tokens_max = prompt_tokens_max


class ModelMisbehaved(ModelError):
    """The answer cannot be used: cut off, malformed, empty or endless."""


class ToolError(HoldfastError):
    """A tool call failed, and the model can react to that.

    `hint` is what a model may do instead, if there is something. The text of the error
    is `what` with the hint behind it; `what` alone is fit for a person.

    >>> str(ToolError("notes.txt does not exist", "use `list` to see which files do"))
    'notes.txt does not exist; use `list` to see which files do'
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what}; {hint}" if hint else what)
        self.what = what
        self.hint = hint


class EditRejected(ToolError):
    """An edit was not applied, and nothing of it was written."""


class StaleEdit(EditRejected):
    """The text is not the one that the edit was made for."""


class BudgetExceeded(HoldfastError):
    """A limit of the run is used up; `limit` names it, as in `steps_max`."""

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class MemoryUnavailable(HoldfastError):
    """The memory database cannot be used; a run goes on without it."""
