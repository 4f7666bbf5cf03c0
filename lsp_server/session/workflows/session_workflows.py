"""This module has the workflows of one session: those that a person may run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lsp_server.domain.errors import HoldfastError
from lsp_server.session.extension_list import Extension
from lsp_server.session.skills import NotTrusted
from lsp_server.session.trust import Trust, TrustItem, TrustState
from lsp_server.session.workflows.workflow_file import WrittenWorkflow, read_workflow
from lsp_server.settings.sections import SkillSettings
from lsp_server.skills.source import OWN, Origin, Problem
from lsp_server.skills.written_file import can_be_typed

FOLDER = "workflows"
FILES_MAX = 200
"""So many workflows are looked at in each place."""


class UnknownWorkflow(HoldfastError):
    """There is no workflow of the name that was asked for, or what is wrong with it."""


@dataclass(frozen=True, slots=True)
class FoundWorkflow:
    """A `FoundWorkflow` is a workflow, and whether a person trusts it; one's own need no question."""

    written: WrittenWorkflow
    state: TrustState
    trust_id: str = ""


class SessionWorkflows:
    """`SessionWorkflows` finds the workflows of the project at `root`, and those in `config`.

    A project's may be run once `trust` has a person's yes for their text. Of two with one
    name the project's wins, once it is trusted. The disk is read for each question, in a thread.
    """

    def __init__(
        self, root: Path, config: Path, trust: Trust, settings: Callable[[], SkillSettings]
    ) -> None:
        self._root = root
        self._config = config
        self._trust = trust
        self._settings = settings
        self._written: tuple[WrittenWorkflow, ...] = ()
        self._states: Mapping[str, TrustState] = {}
        self.problems: tuple[Problem, ...] = ()
        """What was wrong when the disk was last read."""

    @property
    def seen(self) -> tuple[FoundWorkflow, ...]:
        """Returns what there was when the disk was last read, the project's first."""
        return tuple(map(self._found, self._written))

    def concerns(self, paths: Collection[Path]) -> bool:
        """Says whether one of these files may be a workflow."""
        return any(path.is_relative_to(folder) for path in paths for folder, _ in self._folders())

    async def refresh(self) -> bool:
        """Reads the disk again and says whether there is anything new."""
        before = self.seen, self.problems
        await self._look()
        return (self.seen, self.problems) != before

    async def found(self) -> tuple[FoundWorkflow, ...]:
        """Returns all that can be read, trusted or not."""
        await self._look()
        return self.seen

    async def named(self, name: str) -> WrittenWorkflow:
        """Returns the workflow of that name. Raises NotTrusted, UnknownWorkflow."""
        await self._look()
        for one in self.seen:
            if one.written.name == name and one.state == "trusted":
                return one.written
        for one in self.seen:
            if one.written.name == name:
                raise NotTrusted(
                    f"workflow {name} comes with this project ({one.written.path}) and is not "
                    "trusted; look at it and answer `holdfast trust`, or holdfast.trust in an editor"
                )
        for problem in self.problems:
            if problem.path.stem == name:
                raise UnknownWorkflow(f"{problem.path}:{problem.line + 1}: {problem.message}")
        known = ", ".join(dict.fromkeys(one.written.name for one in self.seen))
        place = f"{OWN}/{FOLDER}/{name if can_be_typed(name) else 'NAME'}.md"
        help_text = f"known: {known}" if known else f"write it in {place}"
        raise UnknownWorkflow(f"there is no workflow {name!r}; {help_text}")

    async def brought(self) -> tuple[TrustItem, ...]:
        """Returns what the project brings, trusted or not."""
        await self._look()
        return tuple(self._trust_item(one) for one in self._written if one.origin == "project")

    async def extensions(self) -> tuple[Extension, ...]:
        """Returns them as extensions, with those that cannot be read."""
        found = await self.found()
        first = {problem.path: problem.message for problem in reversed(self.problems)}
        return (
            *(_extension(one) for one in found),
            *(
                Extension(
                    "workflow", path.stem, "", self._origin(path), "new", problem=why, path=path
                )
                for path, why in first.items()
            ),
        )

    async def _look(self) -> None:
        if self._settings().enabled:
            self._written, self.problems, self._states = await asyncio.to_thread(self._read)
        else:
            self._written, self.problems, self._states = (), (), {}

    def _read(
        self,
    ) -> tuple[tuple[WrittenWorkflow, ...], tuple[Problem, ...], Mapping[str, TrustState]]:
        written: list[WrittenWorkflow] = []
        problems: list[Problem] = []
        for folder, origin in self._folders():
            for path in _files(folder, self._root if origin == "project" else None):
                one, wrong = read_workflow(path, origin)
                problems += wrong
                written += [one] if one is not None else []
        items = [self._trust_item(one) for one in written if one.origin == "project"]
        return tuple(written), tuple(problems), self._trust.states(items)

    def _folders(self) -> Iterator[tuple[Path, Origin]]:
        yield self._root / OWN / FOLDER, "project"
        yield self._config / FOLDER, "user"

    def _origin(self, path: Path) -> Origin:
        return "project" if path.is_relative_to(self._root) else "user"

    def _found(self, one: WrittenWorkflow) -> FoundWorkflow:
        if one.origin == "user":
            return FoundWorkflow(one, "trusted")
        item = self._trust_item(one)
        return FoundWorkflow(one, self._states[item.id], item.id)

    def _trust_item(self, one: WrittenWorkflow) -> TrustItem:
        place = one.path.relative_to(self._root).as_posix()
        summary = f"workflow {one.name}: {one.description}"
        return TrustItem(f"workflow {place}", summary, f"{place}\n\n{one.body}", one.fingerprint)


def _files(folder: Path, within: Path | None) -> Iterator[Path]:
    """Yields the files of a folder; with `within` only those that do not lead out of it by a link."""
    try:
        found = sorted(islice(folder.glob("*.md"), FILES_MAX))
        for path in found:
            if within is None or path.resolve().is_relative_to(within):
                yield path
    except (OSError, RuntimeError):  # A loop of links.
        return


def _extension(one: FoundWorkflow) -> Extension:
    written = one.written
    return Extension(
        "workflow",
        written.name,
        written.description,
        written.origin,
        one.state,
        path=written.path,
        trust_id=one.trust_id,
    )
