"""This module has the `RunConfig`: the texts and sizes that are fixed for a run."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.domain.images import Image
from lsp_server.domain.tasks import Budget

LENGTH_SETTING = "model.output_tokens_max"
"""What bounds an answer of the run's own model."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """A `RunConfig` holds what stays the same for a run, or for the part since it was resumed.

    `system` is the system message, `task_text` the first user message and `images` those that
    go with it. When the prompt has `compact_at_tokens`, a new cycle starts.
    With `brief` the model is asked for a brief of its own before that. `model` is its name and
    place, for people, and `length_setting` the setting that bounds its answers.
    """

    system: str
    task_text: str
    budget: Budget
    compact_at_tokens: int
    brief: bool = False
    images: tuple[Image, ...] = ()
    model: str = ""
    length_setting: str = LENGTH_SETTING
