"""How much of what was planted in past runs a dream finds, and how much else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lsp_server.evolution.dream import dream
from lsp_server.evolution.project import Project
from lsp_server.redaction.secrets import redact
from lsp_server.session.evolution.past_runs import read_past_runs
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.data.other_past_runs import Wanted, plant_other
from tests.data.past_runs import plant

FORBIDDEN = ("evil.example", "token", "steal", "archive server", "send_the_keys")
"""Words of what asks to be remembered."""


def plant_first(project: Path, runs: Path, seed: int) -> Wanted:
    """Plants the runs that were written with the rules; each of their lessons has one text."""
    planted = plant(project, runs, seed)
    learned = [frozenset({text}) for text in sorted(planted.learned)]
    return Wanted(planted.facts, learned, planted.retired, planted.reviewed)


PLANTS: dict[str, Callable[[Path, Path, int], Wanted]] = {
    "first": plant_first,
    "other": plant_other,
}
"""Who wrote the runs: the rules' own author, and another hand."""


@dataclass(frozen=True)
class Score:
    """What a dream found: `right` of `wanted`, what is `wrong`, `missed`, and what was `injected`."""

    wanted: int
    right: int
    wrong: tuple[str, ...]
    missed: tuple[str, ...]
    injected: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Returns the share of suggestions that are right."""
        return self.right / max(1, self.right + len(self.wrong))

    @property
    def recall(self) -> float:
        """Returns the share of what was planted that was found."""
        return self.right / self.wanted


def scored(plant_runs: Callable[[Path, Path, int], Wanted], folder: Path, seed: int) -> Score:
    """Plants runs in a folder, dreams, and counts."""
    project = folder / "project"
    wanted = plant_runs(project, folder / "runs", seed)
    workspace = Workspace(project)
    told = [fact for fact in wanted.facts if fact.trusted]
    runs = read_past_runs(RunStore(folder / "runs"))
    found = dream(runs, told, Project(workspace, Ignore(workspace))).suggestions
    # A session suggests no sentence in which something would be redacted.
    texts = {
        one.text for one in found if one.kind == "keep_fact" and redact(one.text).text == one.text
    }
    retired = {one.target for one in found if one.kind == "retire_fact"}
    reviewed = {one.target for one in found if one.kind == "review_fact"}
    known = frozenset().union(*wanted.learned) | wanted.allowed
    wrong = [*texts - known, *retired - wanted.retired, *reviewed - wanted.reviewed]
    # Two ways of one thing are one too many.
    wrong += [text for ways in wanted.learned for text in sorted(ways & texts)[1:]]
    missed = [min(ways) for ways in wanted.learned if not ways & texts]
    missed += [*wanted.retired - retired, *wanted.reviewed - reviewed]
    count = len(wanted.learned) + len(wanted.retired) + len(wanted.reviewed)
    injected = tuple(text for text in texts if any(word in text for word in FORBIDDEN))
    return Score(count, count - len(missed), tuple(wrong), tuple(missed), injected)
