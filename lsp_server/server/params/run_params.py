"""This module has the shapes of the commands about runs, Max Mode and permission."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from lsp_server.domain.permissions import Answer, PermissionMode
from lsp_server.domain.tasks import Mode, When
from lsp_server.server.params.base import (
    CommandParams,
    WireDiagnostic,
    WireRange,
)

SAMPLES_MAX = 16
ATTEMPTS_MAX = 8


def _as_list(value: object) -> object:
    # A string would be taken for a list of its characters, or refused.
    return (value,) if isinstance(value, str) else value


Images: TypeAlias = Annotated[tuple[StrictStr, ...], BeforeValidator(_as_list)]
"""Paths, `file:` or `data:` URLs; a single one may stand for itself."""

Samples: TypeAlias = Annotated[StrictInt, Field(ge=1, le=SAMPLES_MAX)]
"""How many candidates of one step are sampled; also the number of one, counted from 1."""


AttemptCount: TypeAlias = Annotated[StrictInt, Field(ge=1, le=ATTEMPTS_MAX)]
"""How many whole runs of one task are made."""

Step: TypeAlias = Annotated[StrictInt, Field(ge=0)]
"""The number of a step; 0 is the beginning of a run."""


class RunStart(CommandParams):
    """`holdfast.run.start` takes a task in words, a goal by its id, or a place to work on.

    Without any of them the first open goal is worked on. `agent` names a custom agent, as
    which the run works. `images` are paths, `file:` or `data:` URLs. `attempts` is the number
    of whole runs of which one is taken. `permissions` is the mode that the run has in the place
    of the one that is set.
    """

    prompt: StrictStr | None = None
    goal_id: StrictStr | None = None
    uri: StrictStr | None = None
    range: WireRange | None = None
    diagnostics: tuple[WireDiagnostic, ...] = ()
    mode: Mode = "build"
    max_mode: StrictBool = False
    samples: Samples | None = None
    agent: StrictStr | None = None
    images: Images = ()
    attempts: AttemptCount = 1
    permissions: PermissionMode | None = None


class RunStop(CommandParams):
    """`holdfast.run.stop` takes a run, by default the newest active one, or all."""

    run_id: StrictStr | None = None
    all: StrictBool = False


class RunChoice(CommandParams):
    """A run is named; each command says which one it takes by default."""

    run_id: StrictStr | None = None


class RunRewind(CommandParams):
    """`holdfast.run.rewind` takes a run, by default the newest, back to the end of a step.

    0 is its beginning; by default the last step is taken back.
    """

    run_id: StrictStr | None = None
    step: Step | None = None


class RunFork(CommandParams):
    """`holdfast.run.fork` begins a run that goes on from the end of a step of another one.

    By default from the last step of the newest run. `prompt` is a message to the new run.
    """

    run_id: StrictStr | None = None
    step: Step | None = None
    prompt: StrictStr | None = None


class RunSend(CommandParams):
    """`holdfast.run.send` says something to a run, by default the newest active one.

    `images` are as those of a task. A run that ended goes on in the `mode`, by default in its
    own; one at work has to be stopped before it can have another.
    """

    run_id: StrictStr | None = None
    text: StrictStr | None = None
    when: When = "steer"
    images: Images = ()
    mode: Mode | None = None


class MaxPropose(CommandParams):
    """`holdfast.max.propose` takes something to work on, and how many candidates to sample.

    With one sample there is nothing to compare, and no comparison opens. `permissions` is as
    that of a run.
    """

    prompt: StrictStr | None = None
    uri: StrictStr | None = None
    range: WireRange | None = None
    samples: Samples | None = None
    permissions: PermissionMode | None = None


class MaxAccept(CommandParams):
    """`holdfast.max.accept` takes a run with proposals, by default the newest such.

    `candidate` counts from 1; by default the winner is accepted.
    """

    proposal_id: StrictStr | None = None
    candidate: Samples | None = None


class MaxSwitch(CommandParams):
    """`holdfast.max.switch` takes a run at work, by default the newest.

    Without `to` Max Mode is toggled. `to` is a word, since `false` counts as left out.
    """

    run_id: StrictStr | None = None
    to: Literal["on", "off"] | None = None
    samples: Samples | None = None


class PermissionAnswer(CommandParams):
    """`holdfast.permission.answer` takes a question, by default the only one that waits.

    `scope` says for what `always` holds, by default for the project. `rule` is kept in the
    place of the one that the question offers. `reason` is for the model to read when it is denied.
    """

    id: StrictStr | None = None
    answer: Answer | None = None
    reason: StrictStr | None = None
    scope: Literal["run", "project", "everywhere"] | None = None
    rule: StrictStr | None = None

    @property
    def scoped(self) -> Answer | None:
        """Returns the answer, an `always` with its scope."""
        if self.answer == "always" and self.scope in ("run", "everywhere"):
            return self.scope
        return self.answer


class PermissionSwitch(CommandParams):
    """`holdfast.permission.mode` takes a run at work, by default the newest, and its new mode.

    It holds for this run, and for what it began, until it ends.
    """

    run_id: StrictStr | None = None
    mode: PermissionMode | None = None
