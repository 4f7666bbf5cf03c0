"""This module has what a person may choose for a session: how it works, and with which model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from acp import schema

from lsp_server.acp.errors import WrongRequest
from lsp_server.domain.events import ModeChanged, RecordedEvent, RunStarted, SamplingChanged
from lsp_server.domain.tasks import Mode, Sampling
from lsp_server.models.provider import EndpointModels

AcpMode: TypeAlias = Literal["build", "plan", "max"]

MODE = "mode"
MODEL = "model"
"""The ids of the options, which are also the protocol's categories."""

_MODES: Mapping[AcpMode, tuple[str, str]] = {
    "build": ("Build", "Edits files and runs commands, and asks where your settings say so."),
    "plan": ("Plan", "Changes nothing, and answers with a plan."),
    "max": ("Max Mode", "Draws several candidates for each step and does the best one."),
}


def mode_named(name: str) -> AcpMode:
    """Returns the mode with that id. Raises WrongRequest."""
    for mode in get_args(AcpMode):
        if mode == name:
            return mode  # type: ignore[no-any-return]
    raise WrongRequest(f"there is no mode {name!r}; known: {', '.join(_MODES)}")


def mode_of(records: Iterable[RecordedEvent]) -> AcpMode:
    """Returns the mode that a run of the past has."""
    mode: AcpMode = "build"
    for record in records:
        match record.event:
            case RunStarted(task=task):
                mode = "plan" if task.mode == "plan" else _build_mode(task.sampling)
            case ModeChanged(mode=changed):
                mode = changed
            case SamplingChanged(sampling) if mode != "plan":
                mode = _build_mode(sampling)
            case _:
                pass
    return mode


def _build_mode(sampling: Sampling) -> AcpMode:
    return "max" if sampling.max_mode else "build"


@dataclass(frozen=True, slots=True)
class Choices:
    """A `Choices` is what a person chose for one session; `models` None: nobody knows which there are."""

    mode: AcpMode = "build"
    model: str = ""
    models: EndpointModels | None = None

    @property
    def task_mode(self) -> Mode:
        """Returns the mode of a task."""
        return "plan" if self.mode == "plan" else "build"

    @property
    def max_mode(self) -> bool:
        """Says whether steps are sampled several times."""
        return self.mode == "max"

    @property
    def modes(self) -> schema.SessionModeState:
        """Returns the modes for clients that know no options."""
        return schema.SessionModeState(
            current_mode_id=self.mode,
            available_modes=[
                schema.SessionMode(id=mode, name=name, description=description)
                for mode, (name, description) in _MODES.items()
            ],
        )

    @property
    def options(self) -> list[schema.SessionConfigOptionSelect]:
        """Returns all that can be chosen, and what is."""
        mode = _select(
            MODE,
            "Mode",
            self.mode,
            [
                schema.SessionConfigSelectOption(value=each, name=name, description=description)
                for each, (name, description) in _MODES.items()
            ],
        )
        if self.models is None and not self.model:
            return [mode]
        listed = self.models.names if self.models else ()
        current = self.model or (self.models.current if self.models else "")
        names = dict.fromkeys([current, *listed])
        models = [schema.SessionConfigSelectOption(value=each, name=each) for each in names]
        return [mode, _select(MODEL, "Model", current, models)]

    def require_model(self, name: str) -> None:
        """Raises WrongRequest for a model that the endpoint does not have."""
        if not name.strip():
            raise WrongRequest("the name of the model is empty")
        if self.models and self.models.names and name not in self.models.names:
            known = ", ".join(self.models.names)
            raise WrongRequest(f"the endpoint has no model {name!r}; it lists: {known}")


def _select(
    option: str, name: str, value: str, choices: list[schema.SessionConfigSelectOption]
) -> schema.SessionConfigOptionSelect:
    return schema.SessionConfigOptionSelect(
        type="select", id=option, name=name, category=option, current_value=value, options=choices
    )
