"""Real editors against the real server: a run, its permission, the edit, a stop."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.editors import CLIENT, EGLOTS, LSP_MODES, NEOVIM_12, NEOVIMS, Editor, play
from tests.harness.workshop import calls, finish, judges

SAVED = "def answer():\n    return 41  # 漢字\n"

TURNS = [
    # It thinks: lsp-mode 9 loses what comes in one piece with the reply to a command.
    calls(("read", {"path": "answer.py"}), text="I look first.", first_token_seconds=0.5),
    calls(
        (
            "edit",
            {
                "path": "answer.py",
                "old_text": "    return 41  # 漢字",
                "new_text": "    fixed = True\n    return 42  # 漢字 🙂",
            },
        )
    ),
    finish("The answer is 42."),
    judges(),
    calls(("shell", {"command": "touch sleeping; sleep 60"})),
]

SHOWN = ("work", "permission", "unsaved", "stop")


@pytest.mark.editor
@pytest.mark.parametrize(
    "editor",
    [
        *(each.showing(*SHOWN, "progress") for each in NEOVIMS),
        *(each.showing(*SHOWN) for each in (*EGLOTS, *LSP_MODES)),
    ],
)
async def test_a_run_from_a_code_action_with_permission_and_a_stop(
    project: Path, editor: Editor
) -> None:
    (project / "answer.py").write_text(SAVED, "utf-8")
    (project / ".git").mkdir()
    async with ScriptedServer(TURNS) as server:
        seen = await play(editor, "run", project, server)
        prompt = server.requests[0].body["messages"][1]["content"]

    assert "typed 🙂 and not saved" in prompt, "an unsaved buffer is the truth"
    read = server.requests[1].body["messages"][-1]["content"]
    assert "typed 🙂" in read
    assert seen["lines"][:4] == [
        "# typed 🙂 and not saved",
        "def answer():",
        "    fixed = True",
        "    return 42  # 漢字 🙂",
    ]
    assert seen["modified"] is True
    assert (project / "answer.py").read_text("utf-8") == SAVED, "saving is the person's"

    assert any("Approve once" in asked for asked in seen["asked"]), "permission was asked for"
    if editor.column == "neovim":
        kinds = [line.partition(":")[0] for line in seen["progress"]]
        assert kinds[0] == "begin"
        assert "report" in kinds
        ends = [line for line in seen["progress"] if line.startswith("end")]
        assert ends[0].startswith("end: achieved: The answer is 42.")
        assert ends[1].startswith("end: stopped")
    assert any("The answer is 42." in message for message in seen["messages"])

    assert seen["started"]["runId"] == seen["stopped"]["runId"]
    assert seen["stop_seconds"] < 5
    assert seen["status"]["state"] == "idle"


WIDE = 'a = "🙂🙂 漢字"  # 壱 🙂 one, two\nb = "e\u0301🇩🇪 x"\nc = 1\n'
WIDE_EDITS = [
    ("🙂 one", "🙂🎈 one"),  # an insertion behind a surrogate pair
    (", two", ""),  # what ends the line
    ('🇩🇪 x"\nc', '🇫🇷 y"\nd'),  # across lines, in the middle of a flag
    ("漢字", "𠮷"),  # a pair for two single units
    ("1\n", "1  # 🏁\n🙂 = 2\n"),
]


@pytest.mark.editor
@pytest.mark.parametrize(
    "editor", [each.showing("unsaved") for each in (*NEOVIMS, *EGLOTS, *LSP_MODES)]
)
async def test_what_is_typed_and_edited_beside_wide_characters_is_right(
    project: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    (project / ".git").mkdir()
    (project / "answer.py").write_text(WIDE, "utf-8")
    turns = [
        calls(("read", {"path": "answer.py"}), first_token_seconds=0.5),
        *(
            calls(("edit", {"path": "answer.py", "old_text": old, "new_text": new}))
            for old, new in WIDE_EDITS
        ),
        finish("All edited."),
    ]
    async with ScriptedServer(turns) as server:
        seen = await play(editor, "wide", project, server)
        read = server.requests[1].body["messages"][-1]["content"]
    assert seen["encoding"] == editor.encoding
    text = WIDE.replace("漢", "🧭漢")
    for line in text.splitlines():
        assert line in read, "what was typed arrives where it was typed"
    for old, new in WIDE_EDITS:
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert seen["text"].rstrip("\n") == text.rstrip("\n")


@pytest.mark.editor
@pytest.mark.parametrize("editor", EGLOTS, ids=lambda each: each.label)
async def test_the_files_for_emacs_compile_without_a_warning(project: Path, editor: Editor) -> None:
    editor.need()
    folder = project / "emacs"
    shutil.copytree(CLIENT / "editors" / "emacs", folder)
    strict = f'(setq byte-compile-error-on-warn t load-path (cons "{folder}" load-path))'
    files = sorted(map(str, folder.glob("*.el")))
    command = [
        editor.program,
        "--batch",
        "-Q",
        "--eval",
        strict,
        "-f",
        "batch-byte-compile",
        *files,
    ]
    done = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, warnings = await done.communicate()
    assert done.returncode == 0, warnings.decode()
    assert len(files) >= 3


@pytest.mark.editor
async def test_neovim_starts_the_server_by_name(project: Path) -> None:
    (project / ".git").mkdir()
    (project / "answer.py").write_text(SAVED, "utf-8")
    async with ScriptedServer([]) as server:
        seen = await play(NEOVIM_12, "enable", project, server)
    assert seen["root"] == str(project)
    assert seen["status"]["state"] == "idle"
