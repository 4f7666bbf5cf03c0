"""Which failures of a command are the sandbox's doing, and what is said of them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lsp_server.sandbox.policy import NetworkAccess, Policy
from lsp_server.sandbox.refusal import find_refusal


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path.resolve()
    for name in ("work/.git/hooks", "work/src", "hidden", "other"):
        (folder / name).mkdir(parents=True)
    for name in ("hidden/key", "other/file", "work/src/a.py", "work/run.sh"):
        (folder / name).write_text("x")
    return folder


def kind_of(base: Path, output: str, status: int | None = 1, network: NetworkAccess = "off") -> str:
    work = base / "work"
    policy = Policy((work,), (work / ".git",), (base / "hidden",), network=network)
    found = find_refusal(output.replace("@", str(base)), status, policy, work)
    return found.kind if found else ""


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("bash: line 1: @/other/new: Permission denied", "outside"),
        ("/usr/bin/bash: line 1: @/hidden/key: Permission denied", "hidden"),
        ("/bin/sh: 1: cannot create @/work/.git/hooks/x: Permission denied", "protected"),
        ("/usr/bin/bash: line 1: @/work/src/a.py: Permission denied", ""),
        ("touch: cannot touch '@/other/new': Permission denied", "outside"),
        ("touch: cannot touch '@/other/new': Read-only file system", "outside"),
        ("rm: cannot remove '../other/file': Permission denied", "outside"),
        ("cp: cannot create regular file \u2018@/other/x\u2019: Permission denied", "outside"),
        ("mkdir: cannot create directory \u2018@/other/x\u2019: Read-only file system", "outside"),
        ("PermissionError: [Errno 13] Permission denied: '@/other/file'", "outside"),
        ("OSError: [Errno 30] Read-only file system: '@/other/file'", "outside"),
        ("Error: EACCES: permission denied, open '@/other/file'", "outside"),
        ("npm ERR! Error: EROFS: read-only file system, mkdir '@/other/x'", "outside"),
        ("open @/other/x: permission denied", "outside"),
        ("error: could not write @/other/x: Permission denied (os error 13)", "outside"),
        ("sed: couldn't open temporary file @/other/sedX: Permission denied", "outside"),
        ("fatal: Unable to create '@/work/.git/index.lock': Read-only file system", "protected"),
        ("error: could not lock config file .git/config: Read-only file system", "protected"),
        ("bash: line 1: .git/hooks/post-commit: Read-only file system", "protected"),
        ("cat: @/hidden/key: Permission denied", "hidden"),
        ("cat: ../hidden/key: No such file or directory", "hidden"),
        ("ls: cannot open directory '@/hidden': Permission denied", "hidden"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '@/hidden/key'", "hidden"),
        ("curl: (6) Could not resolve host: example.org", "network"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "network"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "network"),
        ("npm error code EAI_AGAIN\nnpm error request to https://r failed", "network"),
        ("Error: getaddrinfo ENOTFOUND registry.npmjs.org", "network"),
        ("OSError: [Errno 101] Network is unreachable", "network"),
        ("dial tcp: lookup proxy.golang.org: no such host", "network"),
        ("error: failed to lookup address information: Temporary failure", "network"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "service"),
        ("Failed to connect to bus: No such file or directory", "service"),
        ("bwrap: Can't bind mount /oldroot/x on /newroot/x: No such device", "broken"),
        ("x\n" * 500 + "rm: cannot remove '@/other/file': Permission denied", "outside"),
    ],
)
def test_a_refusal_is_recognised(base: Path, output: str, kind: str) -> None:
    assert kind_of(base, output) == kind


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ("ls: cannot access 'nope': No such file or directory", 2),
        ("bash: line 1: ./run.sh: Permission denied", 126),
        ("bash: line 1: @/other/file: Permission denied", 126),
        ("cat: src/a.py: Permission denied", 1),
        ("rm: cannot remove '/proc/1/nothing': Permission denied", 1),
        ("AssertionError: 'Permission denied' not in 'ok'", 1),
        ("E   assert response.status == 403  # Permission denied", 1),
        ("git@host: Permission denied (publickey).", 128),
        ("bash: line 1: nope: command not found", 127),
        ("make: *** No rule to make target 'x'. Stop.", 2),
        ("cat: ../hidden/not-there: No such file or directory", 1),
        ("ConnectionRefusedError: [Errno 111] Connection refused", 1),
        ("curl: (7) Failed to connect to 127.0.0.1 port 1: Connection refused", 7),
        ("error[E0432]: unresolved import `crate::net`", 101),
        ("bash: bwrap: command not found", 127),
        ("touch: cannot touch '@/other/new': Permission denied", 0),
        ("src/net.py:3: raise OSError('Network is unreachable')", 0),
        # Links that no resolving follows, as another user's process.
        ("cat: /proc/1/root/a: Permission denied", 1),
        ("ls: cannot access '/proc/1/cwd': Permission denied", 2),
        ("", 1),
    ],
)
def test_an_ordinary_failure_is_none(base: Path, output: str, status: int) -> None:
    assert kind_of(base, output, status) == ""


def test_with_a_network_its_failures_are_ordinary(base: Path) -> None:
    assert kind_of(base, "curl: (6) Could not resolve host: x", 6, "on") == ""


def test_a_service_of_this_machine_is_named_when_it_listens(base: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        message = f"curl: (7) Failed to connect to localhost port {port}: Connection refused"
        assert kind_of(base, message, 7, "loopback") == "network"
    assert kind_of(base, message, 7, "loopback") == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write there")
def test_what_nobody_may_write_is_the_systems_doing(base: Path) -> None:
    assert kind_of(base, "touch: cannot touch '/usr/bin/x': Permission denied") == ""


def test_the_sentence_says_what_helps(base: Path) -> None:
    policy = Policy((base / "work",))
    output = f"touch: cannot touch '{base}/other/new': Permission denied"
    found = find_refusal(output, 1, policy, base / "work")
    assert found is not None
    assert str(base / "other" / "new") in found.sentence
    assert "`outside` and why" in found.sentence
