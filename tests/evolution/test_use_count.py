"""What a fact or a skill was good for, counted from past runs, and when it is time for it to go."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lsp_server.domain.memories import TASK, ActionOutcome, ActionRecord, FactSource
from lsp_server.evolution.distillation import WrittenText
from lsp_server.evolution.past_run import PastRun, past_run
from lsp_server.evolution.project import Project
from lsp_server.evolution.skill_review import review_skills
from lsp_server.evolution.use_count import (
    FAILED_MIN,
    TOLD_MIN,
    count_fact_uses,
    count_file_uses,
    unused_facts,
)
from lsp_server.memory.made_facts import new_fact
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FACT = new_fact("`make docs` writes `docs/index.md`.", "runs", "runs: x")


def weeks(number: int, every_days: float, command: str, *, well: bool = True) -> list[PastRun]:
    """So many runs, one every so many days, that were told of the fact and ran one command."""
    runs = []
    for count in range(number):
        at = (BEGIN + timedelta(days=count * every_days)).isoformat()
        run_id = f"run-{count:03}"
        outcome: ActionOutcome = "ok" if well else "failed"
        rows = [
            ActionRecord(f"{run_id}/{TASK}", run_id, 0, at, TASK, "Write.", outcome=outcome),
            ActionRecord(
                *(f"{run_id}/c", run_id, 1, at, "shell", f"$ {command}"),
                arguments=json.dumps({"command": command}),
                outcome="ok",
            ),
        ]
        run = past_run(rows, told_facts=frozenset({FACT.id}), loaded_skills=frozenset({"docs"}))
        assert run is not None
        runs.append(run)
    return runs


@pytest.mark.parametrize(
    ("number", "every_days", "command", "source", "goes"),
    [
        (TOLD_MIN, 2.0, "make test", "runs", True),
        (TOLD_MIN, 2.0, "make test", "agent", True),
        (TOLD_MIN, 2.0, "make test", "person", False),  # It is theirs.
        (TOLD_MIN - 1, 2.0, "make test", "runs", False),
        (TOLD_MIN, 1.0, "make test", "runs", False),  # Three weeks are no long time.
        (TOLD_MIN, 2.0, "make docs", "runs", False),
        (TOLD_MIN, 2.0, "cat docs/index.md", "runs", False),
    ],
)
def test_a_fact_that_was_told_for_long_and_never_used_is_retired(
    number: int, every_days: float, command: str, source: FactSource, goes: bool
) -> None:
    runs = weeks(number, every_days, command)
    found = list(unused_facts([replace(FACT, source=source)], runs))
    assert [one.target for one in found] == ([FACT.id] if goes else [])


@pytest.mark.parametrize(
    ("used", "command", "source", "goes"),
    [
        (FAILED_MIN, "cat docs/index.md", "runs", True),
        (FAILED_MIN - 1, "cat docs/index.md", "runs", False),
        (FAILED_MIN, "cat docs/index.md", "person", False),
        # The command did what it is for, whatever became of the runs.
        (FAILED_MIN, "make docs", "runs", False),
    ],
)
def test_a_fact_that_runs_use_in_vain_is_retired(
    used: int, command: str, source: FactSource, goes: bool
) -> None:
    runs = [*weeks(6, 1, "make docs"), *later(weeks(used, 1, command, well=False))]
    found = list(unused_facts([replace(FACT, source=source)], runs))
    assert [one.target for one in found] == ([FACT.id] if goes else [])


def later(runs: list[PastRun]) -> list[PastRun]:
    return [replace(run, id=f"later-{run.id}", at=run.at.replace("2026", "2027")) for run in runs]


def test_uses_are_counted_with_how_their_runs_ended() -> None:
    runs = [*weeks(3, 1, "make docs"), *weeks(2, 1, "make docs", well=False), *weeks(4, 1, "ls")]
    usage = count_fact_uses(FACT, runs)
    assert (usage.told, usage.used, usage.went_well, usage.days) == (9, 5, 3, 3.0)
    docs = WrittenText(".holdfast/skills/docs/SKILL.md", "", name="docs", since="2026-01-01")
    usage = count_file_uses(docs, runs)
    assert (usage.told, usage.used, usage.went_well) == (9, 9, 7)
    usage = count_file_uses(replace(docs, name="other", since="2026-01-02"), runs)
    assert (usage.told, usage.used) == (6, 0), "it was there for six of them"
    write = WrittenText(".holdfast/commands/write.md", "Write.", name="write", since="2026-01-02")
    usage = count_file_uses(write, runs)
    assert (usage.told, usage.used, usage.went_well) == (9, 9, 7), "each run was begun with it"
    usage = count_file_uses(replace(write, text="Read."), runs)
    assert (usage.told, usage.used) == (6, 0)


MADE = WrittenText(
    *(".holdfast/skills/other/SKILL.md", "1. Run `make docs`.\n"),
    is_own=True,
    name="other",
    since="2026-01-01",
)
THEIRS = replace(MADE, is_own=False)
COMMAND = replace(MADE, path=".holdfast/commands/a.md", name="a")


@pytest.mark.parametrize(
    ("skill", "runs", "kind"),
    [
        (MADE, weeks(TOLD_MIN, 2.0, "ls"), "retire_skill"),
        (MADE, weeks(TOLD_MIN - 1, 2.0, "ls"), None),
        (MADE, weeks(TOLD_MIN, 1.0, "ls"), None),
        (replace(MADE, since="2026-01-20"), weeks(TOLD_MIN, 2.0, "ls"), None),
        (replace(MADE, name="docs"), weeks(TOLD_MIN, 2.0, "ls"), None),
        (replace(MADE, name="docs"), weeks(FAILED_MIN, 1.0, "ls", well=False), "retire_skill"),
        (replace(MADE, name="docs"), weeks(FAILED_MIN - 1, 1.0, "ls", well=False), None),
        (replace(MADE, text="1. Run `make gone`."), [], "retire_skill"),
        (replace(MADE, text="1. Change `docs/gone.md`."), [], "retire_skill"),
        (
            replace(MADE, path=".holdfast/commands/a.md", text="1. Run `make gone`."),
            [],
            "retire_skill",
        ),
        (COMMAND, weeks(TOLD_MIN, 2.0, "ls"), "retire_skill"),
        (replace(COMMAND, text="---\na: b\n---\nWrite.\n\n$1"), weeks(TOLD_MIN, 2.0, "ls"), None),
        (
            replace(COMMAND, text="---\na: b\n---\nWrite.\n\n$1"),
            weeks(FAILED_MIN, 1.0, "ls", well=False),
            "retire_skill",
        ),
        (replace(COMMAND, is_own=False), weeks(TOLD_MIN, 2.0, "ls"), None),
        # A person's own is named only, and not for what it names.
        (THEIRS, weeks(TOLD_MIN, 2.0, "ls"), "review_skill"),
        (replace(THEIRS, text="1. Run `make gone`."), [], None),
        (replace(THEIRS, path="/home/me/skills/a/SKILL.md"), weeks(TOLD_MIN, 2.0, "ls"), None),
    ],
)
def test_skills_that_do_not_earn_their_place_are_suggested_for_retirement(
    skill: WrittenText, runs: list[PastRun], kind: str | None, tmp_path: Path
) -> None:
    (tmp_path / "Makefile").write_text("docs:\n\t@true\n")
    workspace = Workspace(tmp_path)
    found = list(review_skills([skill], runs, Project(workspace, Ignore(workspace))))
    assert [(one.kind, one.path) for one in found] == ([(kind, skill.path)] if kind else [])
