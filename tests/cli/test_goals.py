"""`holdfast goals`, and `holdfast run` on the goals file, as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsp_server.goals.goals_document import parse_goals
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.command_line import YES, holdfast, on_a_terminal
from tests.harness.workshop import calls, finish, says

GOALS = """\
## First
- [x] it is made
  - check: `test -e made.txt`

## Second
- [ ] it is written
  - file: `made.txt` contains `words`
"""


@pytest.fixture
def goals(project: Path) -> Path:
    path = project / ".holdfast" / "goals.md"
    path.parent.mkdir()
    path.write_text(GOALS)
    return path


async def test_what_nobody_checked_is_not_met(project: Path, goals: Path) -> None:
    result = await holdfast("goals", folder=project)
    assert result.status == 1
    assert result.output == (
        ".holdfast/goals.md:2: unverified: it is made: not checked yet\n"
        ".holdfast/goals.md:6: unverified: it is written: not checked yet\n"
        "0 of 2 conditions met\n"
    )


async def test_checking_tells_and_is_remembered(project: Path, goals: Path) -> None:
    result = await holdfast("goals", "--check", *YES, folder=project)
    assert result.status == 1
    assert ":2: unmet: it is made: `test -e made.txt`: exit status 1" in result.output
    assert goals.read_text() == GOALS.replace("[x]", "[ ]"), "a tick by hand is not believed"
    (project / "made.txt").write_text("words")
    result = await holdfast("goals", "--check", *YES, folder=project)
    assert (result.status, result.output.splitlines()[-1]) == (0, "2 of 2 conditions met")
    assert "evidence: exit 0" in goals.read_text()
    assert (await holdfast("goals", folder=project)).status == 0
    goals.write_text(goals.read_text().replace("## First", "Words.\n\n\n# Renamed"))
    assert (await holdfast("goals", folder=project)).status == 0, "lines move, headings change"
    (project / "other.txt").write_text("x")
    result = await holdfast("goals", "--json", folder=project)
    assert [json.loads(line)["verdict"] for line in result.output.splitlines()] == ["stale"] * 2
    assert result.status == 1


async def test_what_judging_took_is_said(project: Path, goals: Path) -> None:
    goals.write_text("## Said\n- [ ] `made.txt` says hello\n")
    (project / "made.txt").write_text("hello\n")
    (condition,) = parse_goals(goals.read_text()).goals[0].conditions
    met = {"id": condition.id, "verdict": "met", "evidence": ["file-1"], "missing": ""}
    async with ScriptedServer([says(json.dumps({"conditions": [met]}))]) as server:
        result = await holdfast(
            *("goals", "--check"),
            folder=project,
            HOLDFAST_MODEL__BASE_URL=server.base_url,
            HOLDFAST_MODEL__NAME="scripted",
            HOLDFAST_MODEL__PRICE_INPUT="1000",
        )
    assert (result.status, result.output.splitlines()[-1]) == (0, "1 of 1 condition met")
    assert "judging took " in result.errors
    assert "$0." in result.errors


async def test_a_check_from_a_checkout_does_not_run_unasked(project: Path, goals: Path) -> None:
    goals.write_text("## G\n- [ ] c\n  - check: `touch ran`\n")
    result = await holdfast("goals", "--check", folder=project)
    assert result.status == 1
    assert "blocked" in result.output
    assert not (project / "ran").exists()


async def test_mistakes_in_the_file_and_no_goals_are_told(project: Path, goals: Path) -> None:
    goals.write_text("## G\n- [] c\n")
    result = await holdfast("goals", folder=project)
    assert "goals.md:2: this is no condition yet" in result.errors
    assert "There are no goals" in result.output
    assert result.status == 1
    assert (await holdfast("goals", "-w", "nowhere", folder=project)).status == 2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "goals.md is a directory"),
        (b"\xff\xfe## G\n- [ ] c\n", "goals.md is binary"),
        ("goals.md", "goals.md cannot be read: Too many levels of symbolic links"),
    ],
)
async def test_a_goals_file_that_cannot_be_read_is_not_an_empty_one(
    project: Path, goals: Path, content: bytes | str | None, why: str
) -> None:
    goals.unlink()
    match content:
        case None:
            goals.mkdir()
        case str(target):
            goals.symlink_to(target)
        case bytes(data):
            goals.write_bytes(data)
    for arguments in (("goals",), ("goals", "--check", *YES), ("run", *YES)):
        result = await holdfast(*arguments, folder=project)
        assert result.status == 2
        assert f"this file cannot be read, so its goals are not known: {why}" in result.errors
        assert "use `" not in result.errors
        assert result.output == ""


HIDING = "\x1b]0;owned\x07\u202e\x9b2J"
SHOWN = r"\x1b]0;owned\x07\u202e\x9b2J"


@pytest.mark.parametrize(
    ("arguments", "on_terminal"),
    [
        (("goals",), False),
        (("goals",), True),
        (("goals", "--check", *YES), False),
        (("goals", "--check", *YES), True),
        (("goals", "--json"), False),
        (("doctor",), False),
    ],
)
async def test_what_others_wrote_does_not_command_the_terminal(
    project: Path, goals: Path, arguments: tuple[str, ...], on_terminal: bool
) -> None:
    goals.write_text(
        f"## T{HIDING}\n- [ ] c{HIDING}\n  - check: `false {HIDING}`\n- [] p{HIDING}\n"
    )
    (goals.parent / "config.toml").write_text('[run]\n"key\\u001b]0;\\u0007\\u202e" = 1\n')
    result = await (on_a_terminal if on_terminal else holdfast)(*arguments, folder=project)
    for char in ("\x07", "\u202e", "\x9b", "\x1b]"):
        assert char not in result.output + result.errors
    assert SHOWN in result.output or json.dumps(HIDING)[1:-1] in result.output


async def test_run_without_a_task_works_on_the_first_open_goal(project: Path, goals: Path) -> None:
    (project / "made.txt").write_text("nothing")
    turns = [finish("Done."), calls(("write", {"path": "made.txt", "text": "words"})), finish()]
    async with ScriptedServer(turns) as server:
        model = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        await holdfast("goals", "--check", *YES, folder=project)
        result = await holdfast("run", *YES, folder=project, **model)
        assert result.status == 0, result.errors
        opening = server.requests[0].body["messages"][1]["content"]
    assert "it is written" in opening
    assert "it is made" not in opening
    assert "- [x] it is written" in goals.read_text()


async def test_run_without_a_task_and_without_goals_says_what_to_do(project: Path) -> None:
    result = await holdfast("run", folder=project)
    assert result.status == 2
    assert "say what to do" in result.errors


async def test_a_folder_whose_name_is_not_utf_8_is_a_project_too(project: Path) -> None:
    folder = project / "bad \udcff name"
    folder.mkdir()
    result = await holdfast("goals", folder=folder)
    assert "There are no goals" in result.output
    assert result.errors == ""
