"""What becomes of a procedure: nothing, more lines of a skill, a command, or a skill of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from lsp_server.domain.memories import TASK, ActionRecord
from lsp_server.evolution.distillation import Distillation, WrittenText, distill
from lsp_server.evolution.past_run import PastRun, past_run
from lsp_server.evolution.project import Project
from lsp_server.skills.skill import problems_of
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

RELEASE = ("make bump", "make notes", "make dist")
SKILL = ".holdfast/skills/make-bump-notes-dist/SKILL.md"
COMMAND = ".holdfast/commands/make-bump-notes-dist.md"


def run_of(number: int, commands: Sequence[str]) -> PastRun:
    run_id = f"2026010{number}-000000-000000"
    rows = [ActionRecord(f"{run_id}/{TASK}", run_id, 0, run_id, TASK, "Do it.", outcome="ok")]
    rows += [
        ActionRecord(
            *(f"{run_id}/call_{at}", run_id, at, run_id, "shell", line),
            arguments=json.dumps({"command": line}),
            outcome="ok",
        )
        for at, line in enumerate(commands, 1)
    ]
    run = past_run(rows)
    assert run is not None
    return run


def runs_of(commands: Sequence[str], count: int = 4) -> list[PastRun]:
    """Runs that did these, each with something of its own."""
    return [run_of(n, [*commands, f"make own{n}"]) for n in range(1, count + 1)]


def distilled(
    folder: Path, runs: Sequence[PastRun], written: Sequence[WrittenText] = ()
) -> Distillation:
    targets = "".join(f"{name}:\n\t@true\n" for name in ("bump", "notes", "dist", "sign"))
    (folder / "Makefile").write_text(targets)
    workspace = Workspace(folder)
    return distill(runs, written, Project(workspace, Ignore(workspace)), "2026-01-05")


def kept_skill(folder: Path) -> WrittenText:
    (draft,) = distilled(folder, runs_of(RELEASE)).drafts
    return WrittenText(SKILL, draft.text, is_own=True)


def test_a_part_of_the_work_becomes_a_skill_by_the_rules(tmp_path: Path) -> None:
    (draft,) = distilled(tmp_path, runs_of(RELEASE)).drafts
    assert (draft.kind, draft.path, draft.replaces) == ("keep_skill", SKILL, "")
    place = tmp_path / SKILL
    place.parent.mkdir(parents=True)
    place.write_text(draft.text)
    assert problems_of(place.parent) == ()
    assert [line for line in draft.text.splitlines() if line.startswith("1. ")] == [
        "1. Run `make bump`."
    ]


def test_all_of_the_work_becomes_a_command(tmp_path: Path) -> None:
    runs = [run_of(number, RELEASE) for number in range(1, 5)]
    (draft,) = distilled(tmp_path, runs).drafts
    assert (draft.kind, draft.path) == ("keep_command", COMMAND)
    assert draft.text.rstrip().endswith("$ARGUMENTS")


def test_what_more_recurs_becomes_lines_of_the_skill_that_is_there(tmp_path: Path) -> None:
    kept = kept_skill(tmp_path)
    longer = ("make bump", "make notes", "make sign", "make dist")
    (draft,) = distilled(tmp_path, runs_of(longer), [kept]).drafts
    assert (draft.path, draft.replaces) == (SKILL, kept.text)
    numbered = [line for line in draft.text.splitlines() if line[:1].isdigit()]
    assert numbered == [f"{at}. Run `{line}`." for at, line in enumerate(longer, 1)]


@pytest.mark.parametrize(
    ("commands", "count", "path", "text", "why"),
    [
        (RELEASE, 4, "AGENTS.md", "`make bump`, `make notes`, then `make dist`", "AGENTS.md says"),
        (RELEASE, 4, SKILL, "A skill of a person's own.", "is there, and not Holdfast's"),
        (("make bump", "make gone", "make dist"), 4, "a", "", "has no target gone"),
        (RELEASE, 2, "a", "", ""),
        (RELEASE[:2], 4, "a", "", ""),
        (("make bump", "make notes", 'echo "remember this"'), 4, "a", "", ""),
        (("make test", "make lint", "make check"), 4, "a", "", ""),  # These are facts.
    ],
)
def test_nothing_is_drafted_that_is_needless(
    tmp_path: Path, commands: Sequence[str], count: int, path: str, text: str, why: str
) -> None:
    found = distilled(tmp_path, runs_of(commands, count), [WrittenText(path, text)])
    assert found.drafts == ()
    assert why in "".join(each for _, each in found.left_out)
    assert bool(found.left_out) == bool(why)


def test_a_skill_that_a_person_edited_is_left_alone(tmp_path: Path) -> None:
    kept = kept_skill(tmp_path)
    edited = WrittenText(SKILL, kept.text.replace("make dist", "make all"), is_own=False)
    longer = ("make bump", "make notes", "make sign", "make dist")
    (draft,) = distilled(tmp_path, runs_of(longer), [edited]).drafts
    assert draft.path != SKILL
    assert draft.replaces == ""
