"""This module has the shapes of the commands about what Holdfast learns from past runs."""

from __future__ import annotations

from pydantic import StrictBool, StrictInt, StrictStr

from lsp_server.evolution.suggestion import SuggestionKind, SuggestionState
from lsp_server.server.params.base import CommandParams, Payload, Reply


class DreamWish(CommandParams):
    """`holdfast.evolve.dream` asks a model, too, with `model`; else only where the settings say so."""

    model: StrictBool = False


class DistillParams(CommandParams):
    """`holdfast.evolve.distill` drafts skills; with `reword` a model words them, with `replay` it tries them on past tasks.

    With `tokens` a person allows so many for it today.
    """

    replay: StrictBool = False
    reword: StrictBool = False
    tokens: StrictInt | None = None


class SuggestionChoice(CommandParams):
    """`holdfast.evolve.accept` and `.reject` take the id of a suggestion, or the beginning of it.

    With `group` all that the inbox shows of a group are meant.
    """

    id: StrictStr | None = None
    group: StrictStr | None = None


class AnswerChoice(CommandParams):
    """`holdfast.evolve.restore` takes an answer back: that to the suggestion with this id, else the last one."""

    id: StrictStr | None = None


class SuggestionEntry(Payload):
    """A `SuggestionEntry` is one change that waits in the inbox, or was answered.

    `group` names those of one kind and subject, `path` the file that it would write. `why` says what shows that it is right, `evidence`
    are ids that `recall` and `holdfast.memory.why` know.
    """

    id: str
    kind: SuggestionKind
    text: str
    why: str
    state: SuggestionState
    at: str
    evidence: tuple[str, ...] = ()
    group: str = ""
    path: str = ""


class EvolutionReply(Reply):
    """An `EvolutionReply` lists suggestions, those that wait last."""

    suggestions: tuple[SuggestionEntry, ...] = ()
