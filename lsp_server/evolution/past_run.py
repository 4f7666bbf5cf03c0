"""A `PastRun` is what evolution looks at of one run: what it ran, changed and was told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lsp_server.domain.ids import Id
from lsp_server.domain.memories import TASK, ActionRecord
from lsp_server.tools.shell import recorded_command

NO_STATUSES: Mapping[Id, int] = MappingProxyType({})
PERSON = "person"
"""The `tool` of the row of what a person said."""


@dataclass(frozen=True, slots=True)
class PastCommand:
    """A `PastCommand` is a shell command that a run ran; `id` names the call in its journal.

    `position` is its place among all that the run did. `exit_status` is None where nobody noted it.
    """

    id: Id
    position: int
    line: str
    passed: bool
    output: str
    exit_status: int | None = None

    @property
    def started(self) -> bool:
        """Returns False where the shell did not find the program, or could not execute it."""
        return self.exit_status not in (126, 127)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A `PastRun` has the rows of one run, in the order in which they came.

    `at` is the time of its start. `by_person` says that a person wrote its task, not another
    run, and `went_well` that it ended by itself with its task done, as far as was seen.
    `told_facts` are the ids of facts in its prompts, `loaded_skills` the names of skills that it
    loaded.
    """

    id: Id
    at: str
    by_person: bool
    went_well: bool
    actions: tuple[ActionRecord, ...]
    commands: tuple[PastCommand, ...]
    told_facts: frozenset[Id] = frozenset()
    loaded_skills: frozenset[str] = frozenset()

    @property
    def changed(self) -> frozenset[str]:
        """Returns the files that it changed and that nobody gave back since."""
        return frozenset(path for one in self.actions if stays(one) for path in one.files)

    @property
    def told(self) -> tuple[ActionRecord, ...]:
        """Returns what a person told it, the task first."""
        return tuple(one for one in self.actions if one.tool in (TASK, PERSON))


def past_run(
    rows: Iterable[ActionRecord],
    exit_statuses: Mapping[Id, int] = NO_STATUSES,
    *,
    told_facts: frozenset[Id] = frozenset(),
    loaded_skills: frozenset[str] = frozenset(),
) -> PastRun | None:
    """Returns the run that these rows are of, None where its task is not among them.

    `exit_statuses` are those of its commands, by the ids of their rows.
    """
    actions = tuple(rows)
    task = next((one for one in actions if one.tool == TASK), None)
    if task is None:
        return None
    return PastRun(
        id=task.run_id,
        at=task.at,
        # The id of a run that another one began has a part behind that of its parent.
        by_person="." not in task.run_id,
        went_well=task.outcome == "ok",
        actions=actions,
        commands=tuple(_commands(actions, exit_statuses)),
        told_facts=told_facts,
        loaded_skills=loaded_skills,
    )


def stays(action: ActionRecord) -> bool:
    """Says whether what an action changed is still there, as far as was seen."""
    return action.tool != TASK and action.outcome not in ("reverted", "rejected")


def _commands(
    actions: Sequence[ActionRecord], exit_statuses: Mapping[Id, int]
) -> Iterator[PastCommand]:
    for position, one in enumerate(actions):
        line = recorded_command(one.tool, one.arguments)
        if line is not None and one.outcome in ("ok", "failed"):
            status = exit_statuses.get(one.id)
            # What a verdict on its changes made of the row says nothing of the command.
            passed = one.outcome == "ok" if status is None else status == 0
            yield PastCommand(one.id, position, line.strip(), passed, one.result, status)
