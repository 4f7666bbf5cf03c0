"""Images that editors hand over, in real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.data.images import PNG
from tests.end_to_end.test_images import all_seen, url
from tests.harness.code_server import code_server, need
from tests.harness.editors import NEOVIMS, Editor, play
from tests.harness.workshop import finish

pytestmark = pytest.mark.editor


def asked(model: ScriptedServer) -> tuple[str, list[str]]:
    """What the first request asks for, and the images that go with it."""
    messages: list[dict[str, Any]] = model.requests[0].body["messages"]
    return str(messages[1]["content"][0]["text"]), all_seen(messages)


@pytest.mark.parametrize("written", ["mock\\ up.png", '"mock up.png"'])
@pytest.mark.parametrize("editor", NEOVIMS, ids=lambda each: each.label)
async def test_neovim_starts_a_run_with_an_image(
    project: Path, editor: Editor, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_PATH", written)
    (project / ".git").mkdir()
    (project / "answer.py").write_text("answer = 42\n")
    (project / "mock up.png").write_bytes(PNG)
    async with ScriptedServer([finish("It is built.")]) as model:
        seen = await play(editor, "image", project, model)
        text, images = asked(model)
    about = "It is about the file answer.py."
    assert text.startswith(f"Build this page.\n\n{about}\n\n[image mock up.png: PNG, 8 x 6 pixels")
    assert images == [url(PNG)]
    assert "image takes a path and what to do" in seen["refused"]


@pytest.mark.vscode
@pytest.mark.timeout(240)
async def test_vscode_starts_a_run_with_an_image_of_the_explorer(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    (project / "mock.png").write_bytes(PNG)
    (project / "notes.txt").write_text("Notes.\n")
    pictures = Path(__file__).parents[2] / "out" / "screenshots"
    async with ScriptedServer([finish("It is built.")]) as model:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_MODEL__NAME": "scripted",
        }
        async with code_server(tmp_path / "code", project, environment=environment) as code:
            seen = await code.play("images", pictures)
        assert "error" not in seen, seen["error"]
        text, images = asked(model)
    assert text.startswith("Build this page.")
    assert images == [url(PNG)]
    assert not any("Image" in each for each in seen["ofText"]), "it is offered on images alone"
