"""A run on a real terminal: what a person sees and types while it is at work."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lsp_server.cli.line_editor import CHARS_MAX, LineEditor
from lsp_server.cli.markdown_blocks import MarkdownBlocks
from lsp_server.cli.rich_views import SafeMarkdown, diff_view
from lsp_server.cli.screen import EventFormatter
from lsp_server.domain.events import ToolReturned
from lsp_server.domain.tools import ToolResult
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.cli.test_run import model
from tests.fakes.faulty_server import FaultyServer
from tests.harness.terminal import Terminal, terminal
from tests.harness.workshop import calls, finish, says

needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
SCRIPT = "until test -e go; do sleep 0.1; done"
WAIT = calls(("shell", {"command": "sh wait.sh"}))
ALLOWED = {"HOLDFAST_PERMISSIONS__ALLOW": '["shell(sh *)"]'}
HOLDFAST = f"{sys.executable} -m lsp_server"


def variables(server: FaultyServer | None, **more: str) -> dict[str, str]:
    return {**os.environ, "TERM": "screen-256color", **(model(server) if server else {}), **more}


def in_a_shell(line: str) -> Sequence[str]:
    """What runs a line, and leaves the terminal on the screen afterwards."""
    return ("sh", "-c", f"{line}; echo status $?; stty -a; sleep 1000")


@pytest.fixture(autouse=True)
def _script(project: Path) -> None:
    (project / "wait.sh").write_text(SCRIPT)


@needs_tmux
@pytest.mark.parametrize("columns", [40, 110])
async def test_what_is_typed_while_a_run_works_is_told_to_it(project: Path, columns: int) -> None:
    async with FaultyServer([WAIT, finish(), finish()]) as server:
        command = in_a_shell(f"{HOLDFAST} run make.it")
        environment = variables(server, **ALLOWED)
        async with terminal(command, project, environment, columns) as shown:
            await shown.until("sh wait.sh", "in all")
            await shown.keys("Use tbs", "BSpace", "BSpace", "Left", "abs.")
            await shown.until("> Use tabs.")
            await shown.keys("Enter")
            await shown.until("you: Use tabs.")
            (project / "go").touch()
            await shown.until("status 5")
            await cooked(shown)
        assert "Use tabs." in str(server.requests[1].body)


async def cooked(shown: Terminal) -> None:
    """Waits until the terminal is seen to be as it was."""
    await shown.until("icanon")
    screen = await shown.screen()
    assert "-icanon" not in screen
    assert "-echo " not in screen


@needs_tmux
async def test_what_was_being_written_neither_answers_a_question_nor_is_lost(project: Path) -> None:
    turns = [WAIT, calls(("write", {"path": "made.txt", "text": "made\n"})), finish(), finish()]
    async with FaultyServer(turns) as server:
        command = in_a_shell(f"{HOLDFAST} run make.it")
        async with terminal(command, project, variables(server, **ALLOWED)) as shown:
            await shown.until("sh wait.sh", "in all")
            await shown.keys("o")
            await shown.until("> o")
            (project / "go").touch()
            await shown.until("[o]nce", "+made")
            assert not (project / "made.txt").exists()
            await shown.keys("no, use the mirror", "Enter")
            await shown.until("denied: use the mirror", "status")
        assert "use the mirror" in str(server.requests[2].body)
        assert not (project / "made.txt").exists()


@needs_tmux
@pytest.mark.parametrize("keys", ["C-c"])
async def test_ctrl_c_stops_the_run_and_leaves_the_terminal_as_it_was(
    project: Path, keys: str
) -> None:
    async with FaultyServer([WAIT]) as server:
        command = in_a_shell(f"trap : INT; {HOLDFAST} run make.it")
        async with terminal(command, project, variables(server, **ALLOWED)) as shown:
            await shown.until("sh wait.sh", "in all")
            await shown.keys("half a li", keys)
            await shown.until("stopped", "status 130")
            await cooked(shown)


@needs_tmux
async def test_text_is_rendered_and_what_it_does_is_said_with_time_and_cost(project: Path) -> None:
    text = "## Found\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nIt is **bold**."
    turns = [says(text), ScriptedTurn(text="", first_token_seconds=30)]
    prices = {"HOLDFAST_MODEL__PRICE_INPUT": "1000"}
    turns = [calls(("list", {})), ScriptedTurn(text=text, first_token_seconds=1), *turns]
    async with FaultyServer(turns) as server:
        command = in_a_shell(f"{HOLDFAST} run make.it")
        async with terminal(command, project, variables(server, **prices)) as shown:
            await shown.until("thinking", "tokens", " · $")
            await shown.until("It is bold.", "Found")
            assert "**" not in await shown.screen()


@needs_tmux
async def test_a_dumb_terminal_gets_plain_lines(project: Path) -> None:
    async with FaultyServer([says("It is **bold**.")]) as server:
        # tmux says to what runs in it which terminal it is, whatever it was told itself.
        command = in_a_shell(f"TERM=dumb {HOLDFAST} run make.it")
        async with terminal(command, project, variables(server)) as shown:
            await shown.until("It is **bold**.", "status")
            assert "in all" not in await shown.screen()


@needs_tmux
async def test_alone_on_a_terminal_it_says_what_it_is(project: Path) -> None:
    command = in_a_shell(f"{HOLDFAST}; {HOLDFAST} run")
    environment = variables(None, VISUAL="", EDITOR="")
    async with terminal(command, project, environment) as shown:
        await shown.until("coding agent", "holdfast demo", "say what to do", "status 2")


@pytest.mark.parametrize(
    ("keys", "lines", "left"),
    [
        ("one\rtwo\nthree", ["one", "two"], "three"),
        ("a\x1b[D\x1b[1;5C\x1bOAb\r", ["ab"], ""),
        ("ab\x7fc d e\x17f", [], "ac df"),
        ("one\x15two\x00\x07\r", ["two"], ""),
        ("\x7f\x17\x15\r", [""], ""),
        ("\x1b[200~one\r\ntwo\rthree\x1b[201~\r", ["one\ntwo\nthree"], ""),
        ("täbs 🙂\r", ["täbs 🙂"], ""),
        ("a" * (CHARS_MAX + 9), [], "a" * CHARS_MAX),
    ],
)
def test_keys_make_lines(keys: str, lines: list[str], left: str) -> None:
    for size in (1, 2, 7, len(keys)):
        if len(keys) > 1000 and size == 1:
            continue
        editor = LineEditor()
        pieces = (keys[at : at + size] for at in range(0, len(keys), size))
        # A line end of two characters is one in a paste that is read at once.
        found = [line for piece in pieces for line in editor.feed(piece)]
        assert [line.replace("\n\n", "\n") for line in found] == lines
        assert editor.text == left


@given(st.lists(st.sampled_from(["a", "\n", " ", "```", "~~~", "- ", "1. ", "    ", "é"])))
def test_blocks_lose_and_change_nothing(pieces: list[str]) -> None:
    blocks = MarkdownBlocks()
    found = [block for piece in pieces for block in blocks.feed(piece)]
    assert "".join([*found, blocks.end()]) == "".join(pieces)
    whole = MarkdownBlocks()
    at_once = whole.feed("".join(pieces))
    assert [*at_once, whole.end()][: len(found)] == [*found, ""][: len(found)]


@pytest.mark.parametrize(
    "text",
    [
        "a <b>bold</b> word",
        "<script>alert(1)</script>",
        "<!-- hidden -->",
        "one\n\n<div>\nhidden\n</div>\n\ntwo",
        "[see][1]\n\n[1]: http://hidden.example",
        "List<int> and a<b>c",
        "&lt;b&gt; &#x202e; &amp;",
        "[text](http://other.example/x)",
        "![picture](http://other.example/y.png)",
        "```\n<b>code</b>\n```",
    ],
)
def test_nothing_of_a_text_is_hidden(text: str) -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(SafeMarkdown(text))
    shown = "".join(out.getvalue().split())
    for word in text.replace("](", " ").replace("![", " ").replace("[", " ").split():
        assert word.strip("`)]:") in shown, (word, shown)


def test_nothing_in_a_text_reaches_the_terminal_as_a_control_character() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80)
    console.print(SafeMarkdown("a\x1b]8;;http://x\x1b\\b \x1b[2J `\x1b[2J`\n\n    \x1b[2J\u202e"))
    console.print(diff_view("@@ -1 +1 @@\n-\x1b[2J\n+\u202eb"))
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()


def test_differences_have_colours() -> None:
    view = diff_view("--- a/x\n+++ b/x\n@@ -1 +1 @@\n same\n-old\n+new")
    styles = {view.plain[span.start : span.end].strip(): span.style for span in view.spans}
    assert (styles["-old"], styles["+new"], styles["@@ -1 +1 @@"]) == ("red", "green", "cyan")
    result = ToolReturned(1, "t", "edit", ToolResult("done\n@@ -1 +1 @@\n-old\n+new"), 0.1)
    tones = {line.text: line.tone for line in EventFormatter().lines(result)}
    assert (tones["    | -old"], tones["    | +new"]) == ("bad", "good")
