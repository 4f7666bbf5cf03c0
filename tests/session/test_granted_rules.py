from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import ToolReturned
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer
from lsp_server.session.granted_rules import GrantedRules
from lsp_server.settings.folders import data_folder, workspace_folder
from lsp_server.settings.layers import load
from lsp_server.settings.sections import PermissionSettings, Settings
from lsp_server.settings.user_file import default_user_file
from tests.harness.files import lay_out
from tests.harness.workshop import calls, finish, workshop

Call = tuple[str, dict[str, Any]]

BUILD: Call = ("shell", {"command": "./build.sh"})
PYTHON: Call = ("shell", {"command": "python x.py"})
TOUCH: Call = ("shell", {"command": "touch made"})
WRITE: Call = ("write", {"path": "w.txt", "text": "x"})
CHECK: Call = ("shell", {"command": "pytest --version x"})


NAMING = ("-Wx.py", "--run=x.py", "-X a=x.py", "x.py::test", "@x.py")


async def asked(project: Path, made: Sequence[Call], answer: Answer = "once") -> int:
    """How many questions a run asks that makes these calls, one a step."""
    lay_out(project, {"build.sh": "#!/bin/sh\n", "x.py": ""})
    (project / "build.sh").chmod(0o755)
    turns = [*(calls(each) for each in made), finish()]
    async with workshop(project, turns, answer=lambda _: answer) as shop:
        await shop.run()
        assert all(not event.result.is_error for event in shop.events(ToolReturned))
        return len(shop.events(PermissionAsked))


@pytest.fixture
def other(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    return folder.resolve()


@pytest.mark.parametrize("call", [BUILD, PYTHON, TOUCH, WRITE, CHECK])
async def test_always_holds_in_this_project_and_in_no_other(
    project: Path, other: Path, call: Call
) -> None:
    assert await asked(project, [call], "always") == 1
    assert await asked(project, [call]) == 0, "in a later session"
    assert await asked(other, [call]) == 1
    assert not default_user_file().exists()
    kept = workspace_folder(data_folder(), project) / "permissions.toml"
    assert "allow = [" in kept.read_text()


@pytest.mark.parametrize(
    ("call", "holds"),
    # What names a file of the project is never allowed in others.
    [(TOUCH, True), (CHECK, True), (BUILD, False), (PYTHON, False), (WRITE, False)],
)
async def test_only_what_names_no_file_of_the_project_is_allowed_everywhere(
    project: Path, other: Path, call: Call, holds: bool
) -> None:
    assert await asked(project, [call], "everywhere") == 1
    assert await asked(other, [call]) == (0 if holds else 1)
    assert default_user_file().exists() == holds


@pytest.mark.parametrize("answer", ["run", "always"])
async def test_a_yes_to_a_folder_is_none_to_what_is_protected_in_it(
    project: Path, answer: Answer
) -> None:
    names = ("sub/w.txt", "sub/x.txt", "sub/.envrc", "sub/.mcp.json")
    made: list[Call] = [("write", {"path": name, "text": "x"}) for name in names]
    assert await asked(project, made, answer) == 3


@pytest.mark.parametrize("call", [BUILD, PYTHON, TOUCH, WRITE, CHECK])
async def test_for_this_run_means_no_later_one(project: Path, call: Call) -> None:
    assert await asked(project, [call, finish_none(call), call], "run") == 1
    assert await asked(project, [call]) == 1


def finish_none(call: Call) -> Call:
    """The same call once more, spaced otherwise so that it is no repetition."""
    name, arguments = call
    return name, {**arguments, **({"timeout_seconds": 9} if name == "shell" else {"text": "y"})}


async def test_a_resumed_run_keeps_what_was_allowed_for_it(project: Path) -> None:
    turns = [calls(TOUCH), calls(("shell", {"command": "false"})), finish(), calls(TOUCH), finish()]
    async with workshop(project, turns, answer=lambda _: "run") as shop:
        await shop.run()
    run_id = shop.session.runs.list()[0].run_id
    async with workshop(project, [calls(TOUCH), finish()], answer=lambda _: "deny") as again:
        await again.session.runs.send(run_id, "once more", "steer").wait()
        assert again.events(PermissionAsked) == []
        assert [event.result.is_error for event in again.events(ToolReturned)] == [False, False]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", ()),
        (
            '[permissions]\nallow = ["shell(make)", "nothing(x)", 3, "edit"]',
            ("shell(make)", "edit"),
        ),
        ("[permissions\n", ()),
        ('permissions = "shell"', ()),
        ('[permissions]\nallow = "shell"', ()),
        ('[permissions]\nmode = "full"\n', ()),
    ],
)
def test_what_is_no_rule_allows_nothing(tmp_path: Path, text: str, rules: tuple[str, ...]) -> None:
    path = tmp_path / "permissions.toml"
    granted = GrantedRules(path)
    assert granted.rules == ()
    path.write_text(text)
    granted.refresh()
    assert granted.rules == rules
    before = Settings(permissions=PermissionSettings(allow=("shell(ls)",)))
    assert granted.added_to(before).permissions.allow == ("shell(ls)", *rules)


async def test_a_checkout_brings_no_rule(project: Path) -> None:
    text = '[permissions]\nallow = ["shell(touch *)"]\n'
    for name in ("permissions.toml", ".holdfast/permissions.toml", "holdfast.toml"):
        lay_out(project, {name: text})
    assert await asked(project, [TOUCH]) == 1


@pytest.mark.parametrize(
    ("rule", "call", "questions"),
    [
        ("shell(./build.sh)", BUILD, 1),
        ("shell(./build.sh *)", BUILD, 1),
        ("shell(python x.py)", PYTHON, 1),
        *((f"shell(python {odd})", ("shell", {"command": f"python {odd}"}), 1) for odd in NAMING),
        ("write(./w.txt)", WRITE, 1),
        ("edit(w.txt)", WRITE, 0),
        ("shell(touch *)", TOUCH, 0),
        ("write", WRITE, 0),
    ],
)
async def test_a_rule_for_all_projects_allows_no_file_of_one_by_its_name(
    project: Path, rule: str, call: Call, questions: int
) -> None:
    lay_out(project, {"build.sh": "", "x.py": "", "w.txt": ""})
    lay_out(default_user_file().parent, {"config.toml": f"[permissions]\nallow = ['{rule}']\n"})
    loaded = load(project)
    assert len(loaded.problems) == questions
    assert all("answer “always” in the project" in str(each) for each in loaded.problems)
    default_user_file().unlink()
    allowed = loaded.settings.permissions.allow
    assert allowed == (() if questions else (rule,))
    turns = [calls(call), finish()]
    permissions = {"allow": list(allowed)}
    async with workshop(project, turns, answer=lambda _: "deny", permissions=permissions) as shop:
        await shop.run()
        assert len(shop.events(PermissionAsked)) == questions


def test_a_rule_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = GrantedRules(tmp_path / "file" / "permissions.toml").add("shell(make)")
    assert "could not be added" in said
    assert json.dumps(str(tmp_path))[1:-1] in said
