"""What the probe says of each mechanism, and which one is taken."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.domain.errors import ConfigurationError
from lsp_server.sandbox import landlock, seccomp
from lsp_server.sandbox.bubblewrap import Bubblewrap
from lsp_server.sandbox.choice import REQUIRED, ProbedSandbox, choose, probed
from lsp_server.sandbox.landlock_seccomp import LandlockSeccomp
from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.probe import DESCRIPTIONS, ProbeResult, probe
from lsp_server.sandbox.sandbox import ProcessSpec, Sandbox, SandboxedProcess
from lsp_server.sandbox.unconfined import Unconfined
from tests.fakes.failing_sandbox import FailingOnce
from tests.harness.expectation import until
from tests.sandbox.users import mechanisms

MECHANISMS = mechanisms()


def not_held(sandbox: Sandbox) -> set[str]:
    results = probe(sandbox)
    assert [result.name for result in results] == list(DESCRIPTIONS)
    return {result.name for result in results if not result.holds}


@pytest.mark.skipif("bubblewrap" not in MECHANISMS, reason="there is no bubblewrap here")
def test_bubblewrap_holds_all() -> None:
    assert not_held(Bubblewrap()) == set()


PROBES = """
import sys
from lsp_server.sandbox.probe import probe
from lsp_server.sandbox.{module} import {name}
while True:
    print("probes", flush=True)
    probe({name}())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the children of a process")
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("unconfined", "Unconfined"),
        pytest.param(
            *("landlock_seccomp", "LandlockSeccomp"),
            marks=pytest.mark.skipif("landlock" not in MECHANISMS, reason="not here"),
        ),
        pytest.param(
            *("bubblewrap", "Bubblewrap"),
            marks=pytest.mark.skipif("bubblewrap" not in MECHANISMS, reason="not here"),
        ),
    ],
)
async def test_a_probe_that_is_killed_leaves_nobody_who_holds_the_output(
    module: str, name: str
) -> None:
    probing = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROBES.format(module=module, name=name)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert probing.stdout is not None
    assert await probing.stdout.readline() == b"probes\n"
    children = Path(f"/proc/{probing.pid}/task/{probing.pid}/children")
    await until(children.read_text, "a process that the probe started")
    probing.kill()
    async with asyncio.timeout(20):
        await probing.stdout.read()
    assert await probing.wait() == -signal.SIGKILL


@pytest.mark.skipif("landlock" not in MECHANISMS, reason="there is no Landlock here")
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (1, {"protected", "signal"}),
        (5, {"protected", "signal"}),
        (6, {"protected"}),
    ],
)
def test_landlock_holds_what_its_version_can(version: int, expected: set[str]) -> None:
    if version > landlock.version():
        pytest.skip("the kernel is older")
    unseen = set() if seccomp.can_listen() else {"mode"}
    assert not_held(LandlockSeccomp(version=version)) == expected | unseen


def test_without_a_sandbox_nothing_is_held_and_the_probe_sees_it() -> None:
    held = set(DESCRIPTIONS) - not_held(Unconfined())
    assert held <= {"inside", "leftover", "other"}


def test_a_mechanism_that_starts_nothing_holds_nothing() -> None:
    results = probe(Bubblewrap(program="/nonexistent/bwrap"))
    assert not any(result.holds for result in results)
    assert "/nonexistent/bwrap" in results[0].details


class Pretending(Unconfined):
    """A mechanism that runs nothing and says that all went well."""

    name = "pretending"

    def start(
        self, spec: ProcessSpec, policy: Policy, limits: Limits = Limits()
    ) -> SandboxedProcess:
        argv = ("true", *spec.argv)
        return super().start(replace(spec, argv=argv), policy, limits)


def test_a_mechanism_that_runs_nothing_holds_nothing() -> None:
    assert not_held(Pretending()) == set(DESCRIPTIONS)


@pytest.mark.skipif(not MECHANISMS, reason="no mechanism is there")
def test_auto_takes_the_strongest_and_tries_once() -> None:
    chosen = choose()
    assert chosen.sandbox.name == MECHANISMS[-1]
    assert chosen.holds
    assert choose() is chosen


def test_off_is_off() -> None:
    assert choose("off").sandbox.name == "off"
    assert not choose("off").holds


def test_one_that_is_not_there_says_why() -> None:
    if probed("seatbelt").missing:
        with pytest.raises(ConfigurationError, match="not macOS"):
            choose("seatbelt")


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_all_that_is_required_must_hold(missing: str) -> None:
    results = tuple(ProbeResult(name, name != missing, "") for name in DESCRIPTIONS)
    probe_of_it = ProbedSandbox(Unconfined(), results)
    assert not probe_of_it.holds
    assert [result.name for result in probe_of_it.failures] == [missing]


def test_the_room_is_imported_without_a_probe_and_without_a_process() -> None:
    code = "import os, lsp_server.sandbox.choice; os.wait()"
    done = subprocess.run(
        (sys.executable, "-c", code),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ChildProcessError" in done.stderr


def test_a_first_start_that_failed_by_chance_is_tried_again() -> None:
    sandbox = FailingOnce("bwrap: no")
    results = {result.name: result for result in probe(sandbox)}
    assert sandbox.starts == 2
    assert results["inside"].holds
