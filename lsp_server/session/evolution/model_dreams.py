"""`ModelDreams` ask a model what past runs show that code cannot see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError, ModelError
from lsp_server.domain.memories import Fact
from lsp_server.evolution.day_budget import BudgetSpent
from lsp_server.evolution.material import material
from lsp_server.evolution.model_lessons import RUNS_MIN, Judged, judged, question, read_answer
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.project import Project
from lsp_server.session.evolution.day_model import DayModel
from lsp_server.settings.sections import EvolutionSettings
from lsp_server.system.atomic_file import replace_file


@dataclass(frozen=True, slots=True)
class ModelLook:
    """A `ModelLook` is what came of asking a model, if it `was_asked`; `problem` says what went wrong."""

    was_asked: bool = False
    judged: Judged = field(default_factory=Judged)
    problem: str = ""


class ModelDreams:
    """`ModelDreams` ask the `model`; `folder` keeps up to which run it was asked."""

    def __init__(
        self,
        folder: Path,
        model: DayModel,
        settings: Callable[[], EvolutionSettings],
    ) -> None:
        self._asked = folder / "asked-run"
        self._model = model
        self._settings = settings

    async def look(
        self, runs: Sequence[PastRun], facts: Sequence[Fact], project: Project, *, wished: bool
    ) -> ModelLook:
        """Asks about past runs, oldest first, and the facts that are told; never raises for a model.

        Without a person's wish it asks only where the settings allow it and there are new runs.
        What comes back is what the runs bear out.
        """
        shown = material(runs, facts)
        settings = self._settings()
        newest = shown.runs[-1].id if shown.runs else ""
        is_due = settings.auto and settings.problem is None and newest > await self._asked_run()
        if not (wished or is_due):
            return ModelLook()
        if len(shown.runs) < RUNS_MIN:
            there = "is only 1" if shown.runs else "are none"
            few = f"it compares {RUNS_MIN} past runs or more, and there {there}"
            return ModelLook(problem=few)
        try:
            settings.require_usable()
            text = await self._model.answer(question(shown))
        except (BudgetSpent, ConfigurationError, ModelError, TimeoutError) as error:
            return ModelLook(True, problem=str(error) or "the model took too long")
        found = await asyncio.to_thread(judged, read_answer(text), shown, project)
        # Where it cannot be noted, what was found is not lost; it is asked once more, in the day's bounds.
        with suppress(OSError):
            await asyncio.to_thread(replace_file, self._asked, f"{newest}\n".encode(), private=True)
        return ModelLook(True, found)

    async def _asked_run(self) -> str:
        def read() -> str:
            with suppress(OSError, UnicodeDecodeError):
                return self._asked.read_text("utf-8").strip()
            return ""

        return await asyncio.to_thread(read)
