from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from lsp_server.domain.events import FileChanged, PlanChanged
from lsp_server.domain.goals import Finding
from lsp_server.domain.plans import PlanItem, progress
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from tests.harness.files import lay_out
from tests.harness.tools import Bench


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("echo out; echo err >&2", "exit status 0 after 0.0 s\nout\nerr"),
        ("exit 3", "exit status 3 after 0.0 s\n(no output)"),
        ("kill -9 $$", "exit status 137 (as after SIGKILL) after 0.0 s\n(no output)"),
        (
            "printf '\\033[31mred\\033[0m\\n10%%\\r20%%\\rdone\\r\\n'",
            "exit status 0 after 0.0 s\nred\ndone",
        ),
        ("ls", "exit status 0 after 0.0 s\na"),
        ("cat ../outside 2>&1 | head -c 3", None),
    ],
)
async def test_what_a_command_gave(project: Path, command: str, text: str | None) -> None:
    lay_out(project, {"a": ""})
    result = await Bench(project).call("shell", command=command)
    assert not result.is_error
    assert text is None or result.text.replace("0.1 s", "0.0 s") == text


async def test_changes_of_a_command_are_named_and_recorded(project: Path) -> None:
    bench = Bench(project)
    lay_out(project, {"a": "1"})
    result = await bench.call("shell", command="echo 2 > a; mkdir d; echo 3 > d/b")
    assert result.changed == ("a", "d/b")
    assert result.text.endswith("[changed: a, d/b]")
    recorded = [e.path for e in bench.events if isinstance(e, FileChanged)]
    assert recorded == ["a", "d/", "d/b"], "a new folder is one to undo, too"


async def test_out_of_time_is_an_error_with_the_output_so_far(project: Path) -> None:
    result = await Bench(project).call("shell", command="echo so far; sleep 60", timeout_seconds=1)
    assert result.is_error
    assert result.text.startswith("timed out after 1.")
    assert "give a larger timeout_seconds" in result.text
    assert result.text.endswith("\nso far")


@pytest.mark.parametrize(
    "arguments", [{"command": ""}, {"command": "ls", "timeout_seconds": 4000}, {"command": 1}]
)
async def test_wrong_shell_arguments(project: Path, arguments: dict[str, object]) -> None:
    result = await Bench(project).call("shell", **arguments)
    assert result.is_error
    assert (
        "expected: {command: string, timeout_seconds?: integer, outside?: string, background?: boolean}"
        in result.text
    )


async def test_the_plan_is_an_event(project: Path) -> None:
    bench = Bench(project)
    items = [{"text": "a", "status": "done"}, {"text": "b", "status": "in_progress"}]
    result = await bench.call("plan", items=items)
    assert result.text == "[x] a\n[>] b"
    assert bench.events == [PlanChanged((PlanItem("a", "done"), PlanItem("b", "in_progress")))]
    wrong = await bench.call("plan", items=[{"text": "a", "status": "finished"}])
    assert wrong.is_error
    assert "items.0.status: " in wrong.text
    assert 'expected: {items: [{text: string, status: "pending" | "in_progress"' in wrong.text
    assert len(bench.events) == 1


async def test_a_plan_is_a_tree_with_states(project: Path) -> None:
    bench = Bench(project)
    leaf = {"text": "leaf", "status": "dropped"}
    part = {"text": "part", "status": "in_progress", "items": [leaf]}
    items = [{"text": "whole", "status": "in_progress", "items": [part]}, leaf]
    result = await bench.call("plan", items=items)
    assert result.text == "[>] whole\n  [>] part\n    [-] leaf\n[-] leaf"
    (event,) = bench.events
    assert isinstance(event, PlanChanged)
    assert progress(event.items) == "2 of 2 done: part"
    for wrong, message in (
        ([{**leaf, "items": [{**part, "items": [{**leaf, "items": [leaf]}]}]}], "items.0.items.0"),
        ([leaf] * 101, "the plan has 101 items"),
    ):
        refused = await bench.call("plan", items=wrong)
        assert refused.is_error
        assert message in refused.text
    assert len(bench.events) == 1


async def test_finish_gives_its_summary(project: Path) -> None:
    assert (await Bench(project).call("finish", summary="done")).text == "done"


async def test_recall_pages_join_to_the_whole(project: Path) -> None:
    bench = Bench(project)
    bench.archive["call_1"] = whole = "".join(f"{n} " for n in range(6000))
    cursor, seen = 0, ""
    for _ in range(10):
        text = (await bench.call("recall", id="call_1", cursor=cursor)).text
        assert len(text) <= 8000
        page, marker, following = text.partition("\n[")
        seen += page
        if not marker:
            break
        cursor = int(following.rpartition("cursor=")[2].rstrip("]"))
    assert seen == whole
    assert "call_1  result" in (await bench.call("recall", query="17")).text


async def test_what_does_not_fit_on_a_page_is_named(project: Path) -> None:
    bench = Bench(project)
    bench.archive.update({f"call_{n}": f"{n} " + "x" * 1500 for n in range(9)})
    text = (await bench.call("recall", id="call_4", around=9)).text
    assert text.endswith("[4 more: call_5, call_6, call_7, call_8]")
    assert len(text) <= 8000
    near = (await bench.call("recall", id="call_4", around=1)).text
    assert [line[:6] for line in near.splitlines() if line[:5] == "call_"] == [
        "call_3",
        "call_4",
        "call_5",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either query or id"),
        ({"id": "x", "query": "y"}, "either query or id"),
        ({"id": "x"}, "there is nothing with the id 'x'"),
        ({"id": "x", "around": 2}, "there is nothing with the id 'x'"),
        ({"id": "short", "around": 0}, "around: "),
        ({"id": "short", "cursor": 99}, "has 4 characters"),
        ({"id": "short", "cursor": -1}, "cursor: "),
    ],
)
async def test_recall_errors(project: Path, arguments: dict[str, object], message: str) -> None:
    bench = Bench(project)
    bench.archive["short"] = "text"
    result = await bench.call("recall", **arguments)
    assert result.is_error
    assert message in result.text


class ReportingEditor(DiskEditor):
    """An editor whose language server found something."""

    def __init__(self, findings: Sequence[Finding] | None) -> None:
        super().__init__(Documents())
        self._findings = findings

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        return self._findings


@pytest.mark.parametrize(
    ("findings", "text"),
    [
        (None, "no editor reports diagnostics here; run the project's own checker with `shell`"),
        ([], "no diagnostics"),
        (
            [Finding("bad", "a.py", 3, "error", "mypy"), Finding("odd")],
            "a.py:3: error: bad (mypy)\n(no file): error: odd",
        ),
    ],
)
async def test_diagnostics(project: Path, findings: list[Finding] | None, text: str) -> None:
    tool = Diagnostics(Workspace(project), ReportingEditor(findings))
    assert (await tool.call({})).text == text
