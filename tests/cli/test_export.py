"""`holdfast export`: a run written down as a trajectory, a transcript, a page and a prediction."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.attempts import attempts, writes
from tests.harness.command_line import YES, Ended, holdfast
from tests.harness.files import lay_out
from tests.harness.git import committed, git
from tests.harness.recorded import ARCHIVES, unpacked
from tests.harness.workshop import calls, finish, says

FORMATS = ("atif", "markdown", "html", "predictions")
HARBOR = Path(__file__).parent / "harbor" / ".unpacked"
HOSTILE = "</pre></p><script>alert(1)</script><img src=x onerror=alert(2)> \u202eevil"
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


async def run(project: Path, *turns: ScriptedTurn, flags: tuple[str, ...] = ()) -> Ended:
    async with ScriptedServer(turns) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}
        return await holdfast("run", *YES, *flags, "make it", folder=project, **named)


async def exported(project: Path, kind: str, *arguments: str) -> str:
    ended = await holdfast("export", "--format", kind, *arguments, folder=project)
    assert ended.status == 0, ended.errors
    return ended.output


def require_valid(text: str, folder: Path) -> dict[str, Any]:
    """The trajectory, which Harbor's own validator takes, where that is installed."""
    file = folder / "trajectory.json"
    file.write_text(text)
    if HARBOR.exists():
        said = subprocess.run(
            (sys.executable, "-m", "harbor.utils.trajectory_validator", str(file)),
            env={**os.environ, "PYTHONPATH": str(HARBOR)},
            capture_output=True,
            check=False,
            text=True,
        )
        assert said.returncode == 0, said.stdout + said.stderr
    trajectory: dict[str, Any] = json.loads(text)
    assert trajectory["schema_version"] == "ATIF-v1.8"
    return trajectory


@pytest.mark.skipif(not HARBOR.exists(), reason="tests/cli/harbor/install brings the validator")
def test_the_validator_refuses_what_is_no_trajectory(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        require_valid('{"schema_version": "ATIF-v1.8", "steps": [], "surprise": 1}', tmp_path)


async def test_a_trajectory_has_what_was_said_done_and_paid(project: Path, tmp_path: Path) -> None:
    await run(
        project,
        calls(("write", {"path": "made.txt", "text": "words\n"}), text="I write it."),
        calls(("shell", {"command": "cat made.txt"}), ("nonsense", "{not json")),
        finish("it is made"),
    )
    trajectory = require_valid(await exported(project, "atif"), tmp_path)
    assert trajectory["agent"]["model_name"] == "scripted"
    by_agent = [step for step in trajectory["steps"] if step["source"] == "agent"]
    assert by_agent[0]["message"] == "I write it."
    assert by_agent[0]["tool_calls"][0]["arguments"] == {"path": "made.txt", "text": "words\n"}
    assert by_agent[0]["metrics"]["prompt_tokens"] > 0
    results = by_agent[1]["observation"]["results"]
    assert "words" in results[0]["content"]
    assert results[0]["source_call_id"] == by_agent[1]["tool_calls"][0]["tool_call_id"]
    assert by_agent[1]["tool_calls"][1]["extra"] == {"malformed": "{not json"}
    assert [step["source"] for step in trajectory["steps"][:2]] == ["system", "user"]
    assert "make it" in trajectory["steps"][1]["message"]
    total = sum(step["metrics"]["prompt_tokens"] for step in by_agent)
    assert trajectory["final_metrics"]["total_prompt_tokens"] >= total
    assert trajectory["final_metrics"]["total_steps"] == len(trajectory["steps"])
    assert trajectory["extra"]["outcome"] == "finished"


async def test_what_a_run_began_is_in_it(project: Path, tmp_path: Path) -> None:
    committed(lay_out(project, {"a.py": "a\n"}))
    script = attempts(writes("made.txt", "bad\n"), writes("made.txt", "good\n"), judge=lambda _: 0)
    async with ScriptedServer(script) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}
        flags = (*YES, "--attempts", "2", "--check", "grep -q good made.txt")
        ended = await holdfast("run", *flags, "make it", folder=project, **named)
        assert ended.status == 0, ended.errors
    trajectory = require_valid(await exported(project, "atif"), tmp_path)
    children = [one["trajectory_id"] for one in trajectory["subagent_trajectories"]]
    assert [one.rpartition(".")[2] for one in children] == ["1", "2"]
    referred = [
        reference["trajectory_id"]
        for step in trajectory["steps"]
        for result in step.get("observation", {}).get("results", ())
        for reference in result.get("subagent_trajectory_ref", ())
    ]
    assert referred == children
    for kind in ("markdown", "html"):
        text = await exported(project, kind)
        assert all(child in text for child in children)


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_a_page_runs_and_loads_nothing_whatever_it_quotes(project: Path) -> None:
    (project / "secret.txt").write_text(f"token {SECRET}\n")
    await run(
        project,
        calls(("write", {"path": "x.html", "text": HOSTILE}), text=HOSTILE),
        calls(("read", {"path": "x.html"}), ("read", {"path": "secret.txt"})),
        says(HOSTILE),
    )
    for kind in FORMATS:
        assert SECRET not in await exported(project, kind)
    page = Tags()
    page.feed(await exported(project, "html"))
    assert not page.tags & {"script", "img", "link", "iframe", "a", "form", "object", "svg"}
    assert not page.attributes & {"src", "href", "onerror", "style"}
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in page.text
    assert "prefers-color-scheme: dark" in page.text


async def test_a_prediction_is_a_patch_that_git_applies(project: Path, tmp_path: Path) -> None:
    files = {
        "a.py": "one\ntwo\nthree\n",
        "b c.txt": "no end",
        "gone.txt": "x\n",
        "crlf.txt": "a\r\nb\r\n",
    }
    committed(lay_out(project, files))
    clean = tmp_path / "clean"
    shutil.copytree(project, clean)
    await run(
        project,
        calls(("edit", {"path": "a.py", "old_text": "two", "new_text": "2"})),
        calls(("edit", {"path": "b c.txt", "old_text": "no end", "new_text": "an end\n"})),
        calls(("edit", {"path": "crlf.txt", "old_text": "b", "new_text": "c"})),
        calls(("write", {"path": "new/f\u00fcr dich.txt", "text": "no end here"})),
        calls(
            ("shell", {"command": "rm gone.txt; printf '' > empty.txt; printf '\\0\\1' > binary"})
        ),
        calls(("write", {"path": "undone.txt", "text": "x\n"})),
        calls(("shell", {"command": "rm undone.txt"})),
        finish(),
    )
    ended = await holdfast(
        "export", "-f", "predictions", "--instance-id", "repo__name-1", folder=project
    )
    assert (ended.status, "binary" in ended.errors) == (0, True)
    prediction = json.loads(ended.output)
    assert set(prediction) == {"instance_id", "model_name_or_path", "model_patch"}
    assert (prediction["instance_id"], prediction["model_name_or_path"]) == (
        *("repo__name-1", "holdfast+scripted"),
    )
    patch = tmp_path / "model.patch"
    patch.write_text(prediction["model_patch"], newline="")
    git(clean, "apply", str(patch))
    (project / "binary").unlink()
    assert contents(clean) == contents(project)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a project by name, but for what git and Holdfast keep there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in named.items() if not name.startswith((".git/", ".hold"))}


async def test_a_file_that_is_there_is_not_replaced_unasked(project: Path) -> None:
    await run(project, says("hello"))
    target = project / "run.md"
    to_file = ("export", "--output", str(target))
    assert (await holdfast(*to_file, folder=project)).status == 0
    target.write_text("mine")
    refused = await holdfast(*to_file, folder=project)
    assert (refused.status, "--force" in refused.errors) == (2, True)
    assert target.read_text() == "mine"
    assert (await holdfast(*to_file, "--force", folder=project)).status == 0
    assert "hello" in target.read_text()
    folder = await holdfast("export", "--output", str(project), "--force", folder=project)
    assert folder.status == 2
    assert "is no file" in folder.errors


async def test_a_pipe_and_a_link_stay_what_they_are(project: Path) -> None:
    await run(project, says("hello"))
    pipe, link, target = project / "pipe", project / "link", project / "run.md"
    os.mkfifo(pipe)
    target.write_text("old")
    link.symlink_to(target)
    refused = await holdfast("export", "--output", str(pipe), "--force", folder=project)
    assert (refused.status, "is no file" in refused.errors) == (2, True)
    assert pipe.is_fifo()
    written = await holdfast("export", "--output", str(link), "--force", folder=project)
    assert (written.status, link.is_symlink()) == (0, True)
    assert "hello" in target.read_text()


async def test_a_closed_output_is_said_in_a_sentence(project: Path) -> None:
    await run(project, says("hello"))
    command = ("sh", "-c", '"$0" -m lsp_server export >&-', sys.executable)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=project, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, b"Traceback" in errors) == (2, False)
    assert b"standard output is closed" in errors


async def test_what_cannot_be_exported_says_why(project: Path) -> None:
    nothing = await holdfast("export", folder=project)
    assert (nothing.status, "there is no run to export" in nothing.errors) == (2, True)
    await run(project, says("hello"))
    unknown = await holdfast("export", "20200101-000000-000000", folder=project)
    assert (unknown.status, unknown.output) == (2, "")


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.gz"))
async def test_runs_of_earlier_versions_are_written_down(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = unpacked(archive, tmp_path.resolve())
    for name, value in recorded.environment.items():
        monkeypatch.setenv(name, value)
    for run_id in recorded.runs.values():
        require_valid(await exported(recorded.project, "atif", run_id), tmp_path)
    newest = await exported(recorded.project, "html")
    assert newest.startswith("<!DOCTYPE html>")
    assert (await exported(recorded.project, "markdown")).startswith("# ")
