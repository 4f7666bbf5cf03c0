"""Skills on the disk: which are good, what is wrong with others, and what is never read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from skills_ref import validate

from lsp_server.skills.skill import FILES_MAX, problems_of, read_skill
from tests.skills.samples import BAD, GOOD, write_skill


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_the_public_validator_and_ours_agree(tmp_path: Path, name: str) -> None:
    folder = write_skill(tmp_path, name)
    ours = problems_of(folder)
    assert bool(ours) == bool(validate(folder)) == (name in BAD), (ours, validate(folder))


def test_a_problem_stands_on_its_line(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, "unknown-field")
    (problem,) = problems_of(folder)
    assert problem.path == folder / "SKILL.md"
    assert folder.joinpath("SKILL.md").read_text().split("\n")[problem.line].startswith("version")


def test_a_skill_that_breaks_a_rule_is_used_where_it_can_be(tmp_path: Path) -> None:
    usable = {name for name in BAD if read_skill(write_skill(tmp_path, name), "user")[0]}
    assert "unknown-field" in usable
    assert "other-name" in usable
    assert not usable & {"no-front-matter", "no-description", "broken-yaml"}


def test_the_fingerprint_changes_with_any_file(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, "pdf")
    seen = set()
    (folder / "scripts").mkdir()
    for path, text in (
        ("SKILL.md", None),
        ("scripts/run.sh", "a"),
        ("scripts/run.sh", "b"),
        ("SKILL.md", "---\nname: pdf\ndescription: other\n---\n"),
        ("notes.md", ""),
    ):
        if text is not None:
            (folder / path).write_text(text)
        skill, _ = read_skill(folder, "project")
        assert skill is not None
        seen.add((skill.fingerprint, skill.files))
    assert len({fingerprint for fingerprint, _ in seen}) == 5
    assert ("notes.md", "scripts/run.sh") in {files for _, files in seen}


def test_a_project_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("4711")
    for kind, where in (("file", "notes.md"), ("SKILL.md itself", "SKILL.md")):
        folder = write_skill(tmp_path / kind, "pdf")
        (folder / where).unlink(missing_ok=True)
        (folder / where).symlink_to(secret)
        skill, problems = read_skill(folder, "project")
        assert skill is None, kind
        assert "is a link" in problems[0].message


@pytest.mark.parametrize("name", ["SKILL.md", "more.md"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    folder = write_skill(tmp_path, "pdf")
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    skill, problems = read_skill(folder, "project")
    assert skill is None
    assert "a pipe" in problems[0].message


def test_more_than_a_person_can_look_at_is_not_used(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, "pdf")
    for number in range(FILES_MAX + 1):
        (folder / f"{number}.md").touch()
    assert read_skill(folder, "project")[0] is None
