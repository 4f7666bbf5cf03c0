"""Checks that misbehave, and what a person sees of them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from lsp_server.domain.goals import (
    Check,
    CommandCheck,
    DiagnosticsCheck,
    Evidence,
    FileCheck,
    Finding,
)
from lsp_server.goals.checks import CheckRefused, CheckRunner
from lsp_server.workspace.commands.commands import CommandProfile, HostCommandRunner
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from tests.harness.expectation import until


class Reporting(DiskEditor):
    """An editor that reports these findings; None: it knows nothing."""

    def __init__(self, findings: Sequence[Finding] | None) -> None:
        super().__init__(Documents())
        self._findings = findings

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        return self._findings


async def anything(command: str) -> str | None:
    return None


async def nothing(command: str) -> str | None:
    return f"`{command}` is not permitted"


def checks(
    project: Path, *, findings: Sequence[Finding] | None = None, timeout_seconds: float = 20.0
) -> CheckRunner:
    return CheckRunner(
        Workspace(project), Reporting(findings), anything, timeout_seconds, HostCommandRunner()
    )


async def shown(project: Path, check: Check, timeout_seconds: float = 20.0) -> Evidence:
    evidence = await checks(project, timeout_seconds=timeout_seconds).run(check, "t")
    assert isinstance(evidence, Evidence)
    return evidence


@pytest.mark.parametrize(
    ("command", "passed", "ending"),
    [
        ("true", True, "exit status 0"),
        ("exit 3", False, "exit status 3"),
        ("sleep 60", False, "no end within 0.5 s, so it was stopped"),
        ('cat; read line; test -z "$line"', True, "exit status 0"),
        ("no-such-program-at-all", False, "a program was not found; install it, or correct the check"),
        ("./plain.txt", False, "the program cannot be executed; see its permissions"),
        ("kill -SEGV $$", False, "exit status 139 (as after SIGSEGV)"),
        ("exit 130", False, "exit status 130 (as after SIGINT)"),
        ("(sleep 60 &); true", True, "exit status 0"),
        ("nohup setsid sleep 3 >/dev/null 2>&1 & true", True, "exit status 0"),
        ("false | true", False, "exit status 1"),
        ("yes | head -n 1", True, "exit status 0"),
        ("echo 'Ran 0 tests in 0.0s'", False, "it says that no test ran"),
        ("exit 0; }", False, "exit status"),
        ("printf '\\xff\\xfe'", True, "exit status 0"),
    ],
)  # fmt: skip
async def test_how_a_command_ends_is_told(
    project: Path, command: str, passed: bool, ending: str
) -> None:
    (project / "plain.txt").write_text("words")
    evidence = await shown(project, CommandCheck(command), timeout_seconds=0.5)
    assert evidence.passed is passed, evidence
    assert ending in evidence.ending


@pytest.mark.slow
async def test_a_gigabyte_of_output_costs_time_but_no_memory(project: Path) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    started = time.monotonic()
    evidence = await shown(
        project,
        CommandCheck("head -c 1000000000 /dev/zero | tr '\\0' 'x'; echo; echo a.py:3: x"),
        60,
    )
    assert evidence.passed
    assert len(evidence.output_tail) <= 3000
    assert evidence.output_tail.endswith("a.py:3: x")
    assert process.memory_info().rss - before < 50_000_000
    assert time.monotonic() - started < 30


async def test_nothing_is_left_of_a_check_that_hangs_or_is_cancelled(project: Path) -> None:
    command = CommandCheck("echo $$ > pid; (sleep 61 & sleep 62)")
    await shown(project, command, timeout_seconds=0.3)
    assert not psutil.pid_exists(int((project / "pid").read_text()))
    (project / "pid").unlink()
    running = asyncio.create_task(checks(project).run(command, "t"))
    pid = project / "pid"
    await until(lambda: pid.exists() and pid.read_text().strip(), "the check")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not psutil.pid_exists(int((project / "pid").read_text()))


async def test_findings_are_places_that_exist(project: Path) -> None:
    (project / "a.py").write_text("x")
    command = "echo a.py:3: error: wrong; echo b.py:4: error: not here; exit 1"
    evidence = await shown(project, CommandCheck(command))
    assert [(f.path, f.line) for f in evidence.findings] == [("a.py", 3)]
    assert (await shown(project, CommandCheck("echo a.py:3: error: x"))).findings == ()


async def test_secrets_do_not_get_into_evidence(project: Path) -> None:
    os.environ["HOLDFAST_API_KEY"] = "sk-very-secret"
    checked = CheckRunner(
        Workspace(project),
        Reporting(None),
        anything,
        20.0,
        HostCommandRunner(),
        lambda text: text.replace("hunter2hunter2", "[secret]"),
    )
    evidence = await checked.run(CommandCheck("env; echo hunter2hunter2"), "t")
    assert isinstance(evidence, Evidence)
    assert "sk-very-secret" not in evidence.output_tail
    assert evidence.output_tail.endswith("[secret]")


async def test_a_command_runs_in_the_environment_that_it_was_judged_for(project: Path) -> None:
    checks = CheckRunner(
        Workspace(project),
        Reporting(None),
        anything,
        20.0,
        HostCommandRunner(),
        profile=lambda command: CommandProfile({"PATH": os.environ["PATH"], "FOR": command}),
    )
    evidence = await checks.run(CommandCheck("echo for: $FOR"), "t")
    assert isinstance(evidence, Evidence)
    assert evidence.output_tail == "for: echo for: $FOR"


async def test_what_is_not_permitted_does_not_run(project: Path) -> None:
    refused = await CheckRunner(
        Workspace(project), Reporting(None), nothing, 20.0, HostCommandRunner()
    ).run(CommandCheck("touch ran"), "t")
    assert isinstance(refused, CheckRefused)
    assert "not permitted" in refused.reason
    assert not (project / "ran").exists()


@pytest.mark.parametrize(
    ("check", "passed", "ending"),
    [
        (FileCheck("a.txt"), True, "it holds"),
        (FileCheck("a.txt", "漢字"), True, "it holds"),
        (FileCheck("a.txt", "other"), False, "a.txt does not contain 'other'"),
        (FileCheck("b.txt"), False, "b.txt does not exist"),
        (FileCheck("../b.txt"), False, "outside of the workspace"),
        (FileCheck("."), False, "is a directory"),
        (FileCheck("nul.bin"), False, "binary"),
    ],
)
async def test_file_assertions(project: Path, check: FileCheck, passed: bool, ending: str) -> None:
    (project / "a.txt").write_text("x 漢字", "utf-8")
    (project / "nul.bin").write_bytes(b"\0\1\2")
    evidence = await shown(project, check)
    assert evidence.passed is passed
    assert ending in evidence.ending


FOUND = (
    Finding("bad", "src/a.py", 1, "error"),
    Finding("odd", "src/b.py", 2, "warning"),
    Finding("bad", "srcs/c.py", 3, "error"),
)


@pytest.mark.parametrize(
    ("check", "findings", "found"),
    [
        (DiagnosticsCheck(""), FOUND, 2),
        (DiagnosticsCheck("src"), FOUND, 1),
        (DiagnosticsCheck("src/"), FOUND, 1),
        (DiagnosticsCheck("src", "warning"), FOUND, 2),
        (DiagnosticsCheck("docs"), FOUND, 0),
        (DiagnosticsCheck("src"), (), 0),
    ],
)
async def test_diagnostics_checks(
    project: Path, check: DiagnosticsCheck, findings: Sequence[Finding], found: int
) -> None:
    evidence = await checks(project, findings=findings).run(check, "t")
    assert isinstance(evidence, Evidence)
    assert len(evidence.findings) == found
    assert evidence.passed is (found == 0)


async def test_diagnostics_that_nobody_knows_are_no_evidence(project: Path) -> None:
    assert await checks(project).run(DiagnosticsCheck(""), "t") is None
