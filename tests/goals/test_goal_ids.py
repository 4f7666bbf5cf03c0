"""Ids of goals and conditions stay, also those that an earlier version has left on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsp_server.domain.goals import GOALS_FILE, Check, CommandCheck, DiagnosticsCheck, FileCheck
from lsp_server.goals.goal_ids import GoalIds
from lsp_server.goals.goals_document import parse_goals
from tests.harness.recorded import ARCHIVES, unpacked


@pytest.mark.parametrize(
    ("text", "checks", "path", "condition_id"),
    [
        ("It retries", (CommandCheck("pytest -q"),), "", "c-6991b2cb"),
        ("A file", (FileCheck("a.py"),), "", "c-f75599b5"),
        ("A file", (FileCheck("a.py", "x = 1"),), "", "c-81041e8b"),
        ("Clean", (DiagnosticsCheck(""),), "", "c-8415166a"),
        ("Clean", (DiagnosticsCheck("src", "warning"), CommandCheck("true")), "", "c-d6e5d085"),
        ("x  is\n2", (), "src/a.py", "c-9cc44225"),
        ("漢字 🙂", (), "", "c-7185dce1"),
    ],
)
def test_the_ids_of_conditions_are_these(
    text: str, checks: tuple[Check, ...], path: str, condition_id: str
) -> None:
    assert GoalIds().condition_id(text, checks, path) == condition_id


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda archive: archive.name)
def test_verdicts_of_an_earlier_version_are_found_by_their_ids(
    archive: Path, tmp_path: Path
) -> None:
    recorded = unpacked(archive, tmp_path)
    document = parse_goals((recorded.project / GOALS_FILE).read_text("utf-8"))
    ids = [(goal.id, c.text, c.id) for goal in document.goals for c in goal.conditions]
    told = [
        (each["goal_id"], each["condition"], each["condition_id"])
        for each in recorded.goals
        if each["path"] == GOALS_FILE
    ]
    assert ids == told
    stored = json.loads((recorded.data / "goals.json").read_text("utf-8"))["standings"]
    assert {condition_id for _, _, condition_id in ids} & stored.keys()


def test_ids_stay_when_lines_move_and_headings_change() -> None:
    before = parse_goals("## A\n- [ ] one\n  - check: `x`\n- [ ] two\n")
    after = parse_goals("words\n\n## B\n- [x] two\n- [ ] three\n\n- [ ] one\n  - check: `x`\n")
    ids = {e.condition.text: e.condition.id for e in before.entries}
    moved = {e.condition.text: e.condition.id for e in after.entries}
    assert ids["one"] == moved["one"]
    assert ids["two"] == moved["two"]
    changed = parse_goals("## A\n- [ ] one\n  - check: `y`\n")
    assert next(changed.entries).condition.id != ids["one"], "another check is another condition"


def test_equal_conditions_have_ids_of_their_own() -> None:
    ids = [entry.condition.id for entry in parse_goals("## A\n- [ ] x\n## A\n- [ ] x\n").entries]
    assert len(set(ids)) == 2
    assert len({goal.id for goal in parse_goals("## A\n- [ ] x\n## A\n- [ ] x\n").goals}) == 2
