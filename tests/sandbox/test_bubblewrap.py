"""The arguments that bwrap gets for a policy."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from lsp_server.sandbox.bubblewrap import bubblewrap_arguments
from lsp_server.sandbox.policy import NetworkAccess, Policy
from tests.sandbox.users import mechanisms


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path.resolve()
    (folder / "work" / ".git").mkdir(parents=True)
    (folder / "keys").mkdir()
    (folder / "work" / ".env").write_text("")
    return folder


def after(arguments: list[str], *words: str) -> bool:
    """Whether the words stand there in that order, one behind the other."""
    count = len(words)
    return any(tuple(arguments[n : n + count]) == words for n in range(len(arguments)))


def test_the_disk_is_read_only_but_for_the_workspace(base: Path) -> None:
    work = base / "work"
    arguments = bubblewrap_arguments(
        Policy((work,), (work / ".git", work / ".hg"), (work / ".env",)), work, as_root=False
    )
    assert after(arguments, "--ro-bind", "/", "/")
    assert after(arguments, "--bind", str(work), str(work))
    assert after(arguments, "--ro-bind", str(work / ".git"), str(work / ".git"))
    assert after(arguments, "--ro-bind", "/dev/null", str(work / ".env"))
    assert str(work / ".hg") not in arguments
    assert arguments.index(str(work)) < arguments.index(str(work / ".git"))
    assert after(arguments, "--cap-drop", "ALL")
    assert "--cap-add" not in arguments
    assert arguments[-2:] == ["--chdir", str(work)]


def test_root_keeps_its_right_to_files_and_nothing_else(base: Path) -> None:
    arguments = bubblewrap_arguments(Policy((base,)), base, as_root=True)
    assert after(arguments, "--cap-drop", "ALL", "--cap-add", "CAP_DAC_OVERRIDE")
    assert "CAP_SYS_ADMIN" not in arguments
    assert "--unshare-user-try" not in arguments


def test_a_hidden_folder_is_empty_closed_and_cannot_be_filled() -> None:
    hidden = Path("/etc")
    arguments = bubblewrap_arguments(Policy((), hidden=(hidden,)), Path("/"), as_root=False)
    assert after(arguments, "--perms", "0000", "--tmpfs", "/etc")
    assert arguments.index("--remount-ro") > arguments.index("--tmpfs")


def test_the_way_to_a_workspace_below_a_hidden_folder_is_open() -> None:
    arguments = bubblewrap_arguments(
        Policy((Path("/etc/ssl"),), hidden=(Path("/etc"),)), Path("/etc/ssl"), as_root=False
    )
    assert after(arguments, "--perms", "0111", "--tmpfs", "/etc", "--bind", "/etc/ssl", "/etc/ssl")


@pytest.mark.parametrize(("network", "own"), [("off", True), ("loopback", True), ("on", False)])
def test_only_an_open_network_is_shared(network: NetworkAccess, own: bool) -> None:
    arguments = bubblewrap_arguments(Policy((), network=network), Path("/"), as_root=False)
    assert ("--unshare-net" in arguments) == own


def test_sockets_of_others_are_covered_and_those_in_the_workspace_are_not(base: Path) -> None:
    outside, inside = base / "keys" / "s", base / "work" / "s"
    for path in (outside, inside):
        path.touch()
    scratch_parent = Policy((base / "work",), scratch=base)
    policy = Policy((base / "work",))
    found = bubblewrap_arguments(policy, base, (outside, inside), as_root=False)
    assert not after(found, "--ro-bind", "/dev/null", str(inside))
    # Below /tmp there is nothing left to cover, unless the policy opens it.
    covered = after(found, "--ro-bind", "/dev/null", str(outside))
    assert covered == (not base.is_relative_to("/tmp"))
    assert not after(
        bubblewrap_arguments(scratch_parent, base, (outside,), as_root=False),
        *("--ro-bind", "/dev/null", str(outside)),
    )


@pytest.mark.skipif("bubblewrap" not in mechanisms(), reason="there is no bubblewrap here")
def test_a_covered_socket_is_not_reached_from_a_network_of_its_own() -> None:
    with (
        tempfile.TemporaryDirectory(dir="/var/tmp") as name,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        folder = Path(name).resolve()
        (folder / "work").mkdir()
        listener.bind(str(folder / "s"))
        listener.listen()
        policy = Policy((folder / "work",), network="loopback")
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect('{folder}/s')"
        for sockets, status in (((), 0), ((folder / "s",), 1)):
            arguments = bubblewrap_arguments(policy, folder / "work", sockets)
            done = subprocess.run(
                ("bwrap", *arguments, "python3", "-c", connect), capture_output=True, check=False
            )
            assert done.returncode == status, done.stderr
