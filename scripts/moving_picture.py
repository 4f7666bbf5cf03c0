"""This script makes the README's picture: a real run in a real terminal, then one in real VS Code.

    python -m scripts.moving_picture [--out docs/images/holdfast.webp]

The terminal is tmux, in which `holdfast demo` runs; VS Code is driven in Chromium
(`editor-client/test/vscode/picture.mjs`). The models are scripted, so that it can be made again;
all else is real. Needs tmux, Chromium, `editor-client/test/vscode/install`, the packaged
extension and Pillow (`pip install -e '.[docs,dev]'`).
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.code_server import INSTALLED, NODE, SCRIPTS, code_server
from tests.harness.terminal import terminal
from tests.harness.workshop import calls, finish

ROOT = Path(__file__).parents[1]
SIZE = (1120, 700)
COLUMNS = 110
LOOK_SECONDS = 0.12
FRAME_MILLISECONDS, LAST_MILLISECONDS = 450, 3500
BYTES_MAX = 2_000_000

LOOK = """The function in `answer.py` returns **41**, and its test wants 42.

| way | cost |
|---|---|
| change the number | low |
| compute it | *seven and a half million years* |

I change the number and run the test."""


def worker(body: Mapping[str, Any]) -> ScriptedTurn:
    """Looks, explains, edits and ends, as slowly as a model on a good day."""
    edit = {"path": "answer.py", "old_text": "return 41", "new_text": "return 42"}
    turns = (
        calls(("read", {"path": "answer.py"}), text=LOOK, tokens_per_second=22),
        calls(("edit", edit), text="The number first.", tokens_per_second=22),
        finish("The answer is 42 now: the test wanted it, and the function returned 41."),
    )
    done = sum(message["role"] == "assistant" for message in body["messages"])
    return turns[min(done, len(turns) - 1)]


async def terminal_frames(folder: Path) -> list[str]:
    """Runs the demo in a terminal and returns what was seen of it, with colours."""
    holdfast = Path(sys.executable).with_name("holdfast")
    variables = {
        **os.environ,
        "PATH": f"{holdfast.parent}{os.pathsep}{os.environ['PATH']}",
        "PS1": "$ ",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    project = folder / "project"
    project.mkdir()
    seen: list[str] = []
    async with terminal(["bash", "--norc"], project, variables, COLUMNS) as shown:
        await shown.until("$")
        await shown.keys("holdfast demo", "Enter")
        while not any("achieved" in screen and " out." in screen for screen in seen[-1:]):
            screen = await shown.captured("-e")
            if screen.strip() and screen != (seen or [""])[-1]:
                seen.append(screen)
            await asyncio.sleep(LOOK_SECONDS)
    return seen


def page(screen: str) -> str:
    """Returns a screen of the terminal as a page of its own."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    console.print(Text.from_ansi(screen), soft_wrap=True)
    style = (
        "body{margin:0;background:#14161b;color:#d8dbe2;padding:18px 22px;"
        "font:15.5px/1.36 'DejaVu Sans Mono',monospace}pre{margin:0;font:inherit}"
        "span{background:none!important}"
    )
    code = "<pre>{code}</pre>"
    return f"<style>{style}</style>" + console.export_html(
        inline_styles=True, code_format=code, theme=SVG_EXPORT_THEME
    )


async def photographed(pages: Sequence[str], folder: Path) -> list[Path]:
    """Renders pages in Chromium and returns the pictures."""
    (folder / "pages.json").write_text(json.dumps(pages), "utf-8")
    process = await asyncio.create_subprocess_exec(
        NODE,
        SCRIPTS / "photograph.mjs",
        cwd=folder,
        env={**os.environ, "CODE_SERVER": str(INSTALLED.parent)},
    )
    assert await process.wait() == 0
    return [folder / f"page-{index:03}.png" for index in range(len(pages))]


async def window_frames(folder: Path) -> list[Path]:
    """Plays a task in VS Code and returns the pictures."""
    project, shots = folder / "shop", folder / "shots"
    shots.mkdir()
    (project / ".git").mkdir(parents=True)
    (project / "answer.py").write_text("def answer():\n    return 41\n")
    async with ScriptedServer(worker) as model:
        variables = {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_MODEL__NAME": "scripted",
            "HOLDFAST_GOAL__JUDGE_TASK": "false",
        }
        async with code_server(folder / "code", project, environment=variables) as code:
            seen = await code.play("picture", shots)
    assert "error" not in seen, seen["error"]
    return sorted(shots.glob("frame-*.png"))


def write(frames: Sequence[Path], path: Path) -> None:
    """Puts pictures together; those that are the same as the one before only last longer."""
    pictures: list[Image.Image] = []
    milliseconds: list[int] = []
    for frame in frames:
        picture = Image.open(frame).convert("RGB").resize(SIZE)
        if pictures and picture.tobytes() == pictures[-1].tobytes():
            milliseconds[-1] += FRAME_MILLISECONDS
        else:
            pictures.append(picture)
            milliseconds.append(FRAME_MILLISECONDS)
    milliseconds[-1] = LAST_MILLISECONDS
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *others = pictures
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=milliseconds,
        loop=0,
        quality=60,
        method=4,
    )
    print(f"{path}: {len(pictures)} frames, {path.stat().st_size:,} bytes")
    assert path.stat().st_size < BYTES_MAX, "too large for a page that many people load"


async def picture(path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="holdfast-picture-") as scratch:
        folder = Path(scratch)
        screens = await terminal_frames(folder)
        frames = await photographed([page(screen) for screen in screens], folder)
        write([*frames, *[frames[-1]] * 3, *await window_frames(folder)], path)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "holdfast.webp")
    asyncio.run(picture(parser.parse_args().out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
