"""What runs outside of the sandbox to make it is never a program that a command put on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.sandbox.bubblewrap import Bubblewrap, open_network
from lsp_server.sandbox.choice import choose, probed
from lsp_server.sandbox.policy import workspace_policy
from lsp_server.sandbox.sandbox import ProcessSpec
from lsp_server.sandbox.shared_network import SharedNetwork

NAMES = ("bwrap", "nsenter", "sh", "bash", "unshare", "setpriv")

pytestmark = pytest.mark.skipif(
    not probed("bubblewrap").holds, reason="bubblewrap does not hold here"
)


def plant(folder: Path, escaped: Path) -> None:
    """Puts programs into the folder that say that they ran, and then go on as the real ones."""
    folder.mkdir(parents=True)
    for name in NAMES:
        program = folder / name
        real = shutil.which(name, path="/usr/bin:/bin") or "/bin/false"
        program.write_text(f'#!/bin/sh\necho {name} >> {escaped}\nexec {real} "$@"\n')
        program.chmod(0o755)


@pytest.mark.parametrize("shares", [False, True])
def test_no_program_of_the_project_starts_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shares: bool
) -> None:
    root = tmp_path.resolve() / "work"
    escaped = root.parent / "escaped"
    plant(root / ".venv" / "bin", escaped)
    path = f"{root}/.venv/bin:{os.environ['PATH']}"
    # As where Holdfast was started with the project's virtual environment.
    monkeypatch.setenv("PATH", path)
    policy = workspace_policy(root, (), None, home=root.parent / "home")
    network = SharedNetwork()
    if shares:
        if not open_network(network):
            pytest.skip("no network can be shared here")
        policy = replace(policy, network_entry=network.entering)
    try:
        spec = ProcessSpec(("/bin/echo", "hello"), root, {"PATH": path}, stdout=subprocess.PIPE)
        started = Bubblewrap().start(spec, policy)
        output, _ = started.process.communicate(timeout=60)
    finally:
        network.close()
    assert output == b"hello\n"
    assert not escaped.exists(), escaped.read_text()


def test_the_choice_asks_no_program_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path / "bin", tmp_path / "escaped")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    probed.cache_clear()
    choose.cache_clear()
    assert choose("bubblewrap").holds
    assert not (tmp_path / "escaped").exists()
