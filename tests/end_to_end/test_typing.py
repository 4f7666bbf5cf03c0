"""What a person types goes where they type it, also when a question of a run comes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.editors import CLIENT, EGLOTS, LSP_MODES, NEOVIM_7, NEOVIMS, SCRIPTS, Editor
from tests.harness.expectation import until
from tests.harness.terminal import Terminal, terminal
from tests.harness.workshop import calls, finish

SAVED = "answer = 41\n"
TYPED = ["1", "y", "yes", "a", "d", "2", "0", "Approve once", "q"]
"""All that could be taken for an answer, each as a line of text."""

EDITS = [
    calls(
        ("edit", {"path": "answer.py", "old_text": "41", "new_text": "42"}), first_token_seconds=0.5
    ),
    finish("The answer is 42."),
]

NEOVIM = """\
vim.opt.swapfile = false
vim.opt.runtimepath:append(vim.env.CLIENT .. '/editors/neovim')
require('holdfast').setup({ cmd = vim.json.decode(vim.env.SERVER) })
vim.o.statusline = '%f %m%=%{v:lua.require("holdfast").status()} '
"""

EMACS = """\
(defalias 'play #'ignore)
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(kill-local-variable 'completing-read-function)
(setq completing-read-function #'completing-read-default auto-save-default nil)
(setq eglot-sync-connect 30 eglot-autoshutdown nil)
(setq lsp-auto-guess-root t lsp-enable-file-watchers nil lsp-warn-no-matched-clients nil
      lsp-session-file (concat (getenv "PROJECT") "/../session"))
(defun begin ()
  (if (equal (getenv "CLIENT_OF_EMACS") "eglot")
      (progn (require 'eglot) (holdfast-eglot '(text-mode)) (apply #'eglot (eglot--guess-contact))
             (wait "the server" #'eglot-current-server))
    (require 'lsp-mode) (holdfast-lsp-mode) (lsp-workspace-folders-add (getenv "PROJECT")) (lsp)
    (wait "the server" (lambda () (cl-some (lambda (each) (eq 'initialized (lsp--workspace-status each)))
                                           (lsp-workspaces))))))
(global-set-key (kbd "C-c h") holdfast-map)
(add-hook 'emacs-startup-hook
          (lambda () (find-file "notes.txt") (begin) (goto-char (point-max)) (message "It is ready")))
"""


def serving(server: ScriptedServer) -> dict[str, str]:
    """The environment of an editor whose model is `server`."""
    return {
        **os.environ,
        "SERVER": json.dumps([sys.executable, "-m", "lsp_server", "serve", "--stdio"]),
        "CLIENT": str(CLIENT),
        "HOLDFAST_MODEL__BASE_URL": server.base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
    }


@asynccontextmanager
async def neovim(editor: Editor, project: Path, server: ScriptedServer) -> AsyncIterator[Terminal]:
    editor.need()
    config = project.parent / "init.lua"
    config.write_text(NEOVIM)
    command = [editor.program, "-u", str(config), "-i", "NONE", "notes.txt"]
    async with terminal(command, project, serving(server)) as shown:
        yield shown


@asynccontextmanager
async def emacs(editor: Editor, project: Path, server: ScriptedServer) -> AsyncIterator[Terminal]:
    editor.need()
    config = project.parent / "init.el"
    config.write_text(EMACS)
    variables = {
        **serving(server),
        "EDITORS": str(SCRIPTS),
        "PROJECT": str(project),
        "CLIENT_OF_EMACS": editor.column,
    }
    async with terminal(
        [editor.program, "-nw", "-Q", "-l", str(config)], project, variables
    ) as shown:
        yield shown


async def type_lines(shown: Terminal, lines: list[str]) -> None:
    for line in lines:
        await shown.keys(line, "Enter")


@pytest.fixture
def typed_into(project: Path) -> Path:
    (project / ".git").mkdir()
    (project / "answer.py").write_text(SAVED, "utf-8")
    (project / "notes.txt").write_text("notes:\n", "utf-8")
    return project


@pytest.mark.editor
@pytest.mark.parametrize("editor", [each.showing("permission") for each in NEOVIMS])
async def test_neovim_approves_nothing_that_is_typed_into_a_text(
    typed_into: Path, editor: Editor
) -> None:
    async with (
        ScriptedServer(EDITS) as server,
        neovim(editor, typed_into, server) as shown,
    ):
        await shown.until("notes:")
        await shown.keys(":Holdfast work Set the answer.", "Enter")
        await shown.keys("o", "I go on typing", "Enter")
        await shown.until("  y  Approve once")
        await type_lines(shown, TYPED)
        await shown.until("I go on typing", *TYPED)
        await shown.until("Approve once", "waits for you")
        await shown.keys("Escape", ":write", "Enter")
        await shown.until("written")
        lines = (typed_into / "notes.txt").read_text("utf-8").splitlines()
        assert lines == ["notes:", "I go on typing", *TYPED, ""]
        assert (typed_into / "answer.py").read_text("utf-8") == SAVED
        assert len(server.requests) == 1, "the run still waits"


@pytest.mark.editor
@pytest.mark.parametrize("editor", NEOVIMS, ids=lambda each: each.label)
async def test_a_question_in_neovim_stays_until_it_is_answered_in_its_window(
    typed_into: Path, editor: Editor
) -> None:
    first = [
        calls(("shell", {"command": "touch one"}), ("shell", {"command": "touch two"})),
        finish("Both are made."),
    ]
    async with (
        ScriptedServer(first) as server,
        neovim(editor, typed_into, server) as shown,
    ):
        await shown.until("notes:")
        await shown.keys(":Holdfast work Make both.", "Enter")
        await shown.until("y  Approve once", "touch one")
        for away in ("only", "tabnew", "tabclose", "split", "new"):
            await shown.keys(f":{away}", "Enter")
            await shown.until("y  Approve once", "touch one")
        await shown.keys(":Holdfast answer", "Enter", "q")
        await shown.keys(":Holdfast answer", "Enter", ":quit", "Enter")
        await shown.until("y  Approve once", gone=True)
        await shown.keys(":Holdfast answer", "Enter")
        await shown.until("y  Approve once", "touch one")
        assert not (typed_into / "one").exists()
        await shown.keys("y")
        await shown.until("y  Approve once", "touch two")
        # The keyboard is back at the text, so that a second yes needs a look first.
        await shown.keys("i", "y", "Escape")
        assert not (typed_into / "two").exists()
        await shown.keys(":Holdfast answer", "Enter", "D")
        await shown.until("Why not?")
        await shown.keys("not that one", "Enter")
        await shown.until("Both are made.")
        assert (typed_into / "one").exists()
        assert not (typed_into / "two").exists()
        assert "not that one" in str(server.requests[1].body["messages"])


@pytest.mark.editor
@pytest.mark.parametrize("editor", [each.showing("permission") for each in (*EGLOTS, *LSP_MODES)])
async def test_emacs_approves_nothing_that_is_typed_into_a_text(
    typed_into: Path, editor: Editor
) -> None:
    async with (
        ScriptedServer(EDITS) as server,
        emacs(editor, typed_into, server) as shown,
    ):
        await shown.until("It is ready")
        await shown.keys("C-c", "h", "w")
        await shown.until("Task:")
        await shown.keys("Set the answer.", "Enter")
        await shown.keys("I go on typing", "Enter")
        await shown.until("y  Approve once", "-answer = 41")
        await type_lines(shown, TYPED)
        await shown.keys("C-x", "1")
        await shown.until("y  Approve once", "I go on typing", *TYPED)
        await shown.keys("C-x", "C-s")
        await shown.until("Wrote")
        lines = (typed_into / "notes.txt").read_text("utf-8").splitlines()
        assert lines == ["notes:", "I go on typing", *TYPED]
        assert (typed_into / "answer.py").read_text("utf-8") == SAVED
        assert len(server.requests) == 1, "the run still waits"
        await shown.keys("C-c", "h", "a", "y")
        await shown.until("The answer is 42.")
        assert (typed_into / "answer.py").read_text("utf-8") == "answer = 42\n"


@pytest.mark.editor
@pytest.mark.parametrize(
    ("begun", "typed", "ended"),
    [
        ((":s/notes/n",), ("y", "1", "a"), ("Enter",)),
        (("/n",), ("y", "1"), ("Enter",)),
        (("V",), ("y",), ()),
        (("d",), ("d",), ()),
        (("R", "abc"), ("1", "y"), ("Escape",)),
        (("q:", "i", "echo 1"), ("y", "1"), ("Escape", ":q", "Enter")),
        ((":terminal", "Enter", "i", "true "), ("y", "1"), ("Enter",)),
    ],
    ids=" ".join,
)
async def test_no_mode_of_neovim_takes_keys_for_an_answer(
    typed_into: Path, begun: tuple[str, ...], typed: tuple[str, ...], ended: tuple[str, ...]
) -> None:
    async with (
        ScriptedServer(EDITS) as server,
        neovim(NEOVIM_7, typed_into, server) as shown,
    ):
        await shown.until("notes:")
        await shown.keys(":Holdfast work Set the answer.", "Enter")
        for key in begun:
            await shown.keys(key)
        await until(lambda: server.requests, "the model is asked", 30)
        for key in (*typed, *ended):
            await shown.keys(key)
        await shown.until("y  Approve once")
        for key in (*typed, "Escape"):
            await shown.keys(key)
        await shown.until("y  Approve once", "answer = 41")
        assert (typed_into / "answer.py").read_text("utf-8") == SAVED
        assert len(server.requests) == 1, "the run still waits"
