"""How processes are started, limited and ended, under each mechanism."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import Policy, reading_policy
from lsp_server.sandbox.process_tree import ProcessTrees, end_tree, signal_tree, tree_members
from lsp_server.sandbox.sandbox import ProcessSpec, Sandbox, SandboxedProcess
from tests.sandbox.arena import mechanism
from tests.sandbox.users import mechanisms, users

ROOT = Path(__file__).parents[2]
NAMES = ["off", *mechanisms()]
TICK_SECONDS = 0.01
GONE_SECONDS_MAX = 2.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has marks")


@pytest.fixture(params=NAMES)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return mechanism(request.param)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A workspace that no mechanism covers with a /tmp of its own."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        yield Path(name).resolve()


def start(
    sandbox: Sandbox,
    folder: Path,
    *argv: str,
    limits: Limits = Limits(),
    variables: Mapping[str, str] = MappingProxyType({}),
    stdin: int = subprocess.DEVNULL,
) -> SandboxedProcess:
    environment = {"PATH": os.defpath + ":/usr/local/bin", **variables}
    spec = ProcessSpec(argv, folder, environment, stdin, subprocess.PIPE, subprocess.STDOUT)
    return sandbox.start(spec, Policy((folder,)), limits)


def output_of(started: SandboxedProcess) -> str:
    assert started.process.stdout is not None
    with started.process.stdout as stdout:
        text = stdout.read().decode()
    started.process.wait()
    end_tree(started)
    return text


def wait_until_gone(mark: int) -> bool:
    deadline = time.monotonic() + GONE_SECONDS_MAX
    while tree_members(mark):
        if time.monotonic() > deadline:
            return False
        select.select((), (), (), TICK_SECONDS)
    return True


def test_a_program_gets_its_arguments_folder_and_environment(
    sandbox: Sandbox, folder: Path
) -> None:
    strange = {"A-B": "1", "BASH_FUNC_x%%": "() { :; }", "BASH_ENV": "/nonexistent", "Ü": "ü"}
    code = 'import os,sys; print(sys.argv[1:], os.getcwd(), sorted(k for k in os.environ if k in {"A-B","BASH_FUNC_x%%","BASH_ENV","Ü"}))'
    started = start(sandbox, folder, "python3", "-c", code, "a b", "", "*", "$x", variables=strange)
    expected = f"{['a b', '', '*', '$x']} {folder} {sorted(strange)}\n"
    assert output_of(started) == expected


def test_a_program_whose_input_is_a_socket_gets_no_startup_file_of_a_shell(
    sandbox: Sandbox, folder: Path
) -> None:
    home = folder / "home"
    home.mkdir()
    (home / ".bashrc").write_text("echo started\n")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        variables = {"HOME": str(home), "SSH_CLIENT": "192.0.2.1 50000 22"}
        started = start(sandbox, folder, "echo", "done", variables=variables, stdin=theirs.fileno())
        assert output_of(started) == "done\n"


@pytest.mark.parametrize(
    ("argv", "error"),
    [(("no-such-program",), FileNotFoundError), (("./missing",), FileNotFoundError)],
)
def test_a_program_that_is_not_there_is_an_error(
    sandbox: Sandbox, folder: Path, argv: tuple[str, ...], error: type[OSError]
) -> None:
    with pytest.raises(error):
        start(sandbox, folder, *argv)


def test_a_folder_that_is_not_there_is_an_error(sandbox: Sandbox, folder: Path) -> None:
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        start(sandbox, folder / "missing", "true")


async def test_its_end_is_waited_for_without_a_thread(sandbox: Sandbox, folder: Path) -> None:
    started = start(sandbox, folder, "sh", "-c", "exit 7")
    assert await started.wait() == 7
    assert await started.wait() == 7
    assert output_of(started) == ""


@pytest.mark.parametrize("parent", ["/tmp", "/var/tmp", "hidden"])
def test_a_workspace_is_read_wherever_it_lies(sandbox: Sandbox, folder: Path, parent: str) -> None:
    hidden = folder / "hidden"
    hidden.mkdir()
    (hidden / "key").write_text("secret")
    with tempfile.TemporaryDirectory(dir=hidden if parent == "hidden" else parent) as name:
        (Path(name) / "file").write_text("read")
        policy = reading_policy(Policy((Path(name),), hidden=(hidden,)))
        script = f"cat file; echo x > file; cat {hidden}/key; true"
        environment = {"PATH": os.defpath}
        spec = ProcessSpec(("sh", "-c", script), Path(name), environment, stdout=subprocess.PIPE)
        text = output_of(sandbox.start(spec, policy))
        assert text == ("readsecret" if sandbox.name == "off" else "read")
        assert (Path(name) / "file").read_text() == ("x\n" if sandbox.name == "off" else "read")


def test_our_own_process_stays_free(sandbox: Sandbox, folder: Path) -> None:
    output_of(start(sandbox, folder, "true"))
    (folder.parent / f"{folder.name}-outside").write_text("free")
    (folder.parent / f"{folder.name}-outside").unlink()
    status = Path("/proc/self/status").read_text()
    assert "NoNewPrivs:\t0" in status
    assert "Seccomp:\t0" in status


def test_what_left_its_group_is_ended_with_the_tree(sandbox: Sandbox, folder: Path) -> None:
    script = "setsid -f env -i sleep 60; setsid -f sleep 60; sleep 60 & echo ready; sleep 60"
    started = start(sandbox, folder, "sh", "-c", script)
    assert started.process.stdout is not None
    assert started.process.stdout.readline() == b"ready\n"
    assert started.mark is not None
    assert len(tree_members(started.mark)) >= 4
    assert end_tree(started) >= 4
    assert tree_members(started.mark) == []
    assert output_of(started) == ""


def test_a_tree_can_be_asked_to_end_by_itself(sandbox: Sandbox, folder: Path) -> None:
    script = "trap 'echo ended in order; exit 0' TERM; echo ready; while :; do :; done"
    started = start(sandbox, folder, "sh", "-c", script)
    assert started.process.stdout is not None
    assert started.process.stdout.readline() == b"ready\n"
    assert signal_tree(started, signal.SIGTERM) >= 1
    assert output_of(started) == "ended in order\n"


def test_one_tree_ends_alone(sandbox: Sandbox, folder: Path) -> None:
    first, second = (start(sandbox, folder, "sleep", "60") for _ in range(2))
    end_tree(first)
    assert first.process.wait() != 0
    assert second.process.poll() is None
    end_tree(second)
    second.process.wait()
    for each in (first, second):
        output_of(each)


def test_something_that_starts_others_does_not_outrun_the_end(
    sandbox: Sandbox, folder: Path
) -> None:
    # Bounded by itself, since nothing bounds the processes of root.
    script = (
        "f() { (($1)) && for i in 1 2; do (sleep 0.02; f $(($1 - 1))) & done; }; "
        "f 7; echo ready; wait"
    )
    started = start(sandbox, folder, "bash", "-c", script, limits=Limits(processes_max=200))
    assert started.process.stdout is not None
    started.process.stdout.readline()
    end_tree(started)
    assert started.mark is not None
    assert tree_members(started.mark) == []
    output_of(started)


@pytest.mark.parametrize(
    ("script", "limits", "expected"),
    [
        ("ulimit -c", Limits(), "0\n"),
        ("exec 2>/dev/null; dd if=/dev/zero of=big bs=1M count=4; stat -c %s big", Limits(file_bytes_max=1 << 20), "1048576\n"),
        ("ulimit -Hf", Limits(file_bytes_max=1 << 20), "1024\n"),
        ("ulimit -Hd", Limits(memory_bytes_max=64 << 20), "65536\n"),
    ],
)  # fmt: skip
def test_a_limit_holds_from_the_start(
    sandbox: Sandbox, folder: Path, script: str, limits: Limits, expected: str
) -> None:
    assert output_of(start(sandbox, folder, "bash", "-c", script, limits=limits)) == expected


FORKS = """
import os, subprocess, sys
from pathlib import Path
from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.process_tree import end_tree
from lsp_server.sandbox.sandbox import ProcessSpec
from tests.sandbox.arena import mechanism

script = (
    "import os\\nn = 0\\n"
    "try:\\n"
    "  while n < 5000 and os.fork(): n += 1\\n"
    "except OSError: print(n, flush=True)\\n"
    "os.read(os.pipe()[0], 1)"
)
spec = ProcessSpec(
    ("python3", "-c", script), Path("/var/tmp"), {"PATH": os.defpath}, stdout=subprocess.PIPE
)
started = mechanism(sys.argv[1]).start(spec, Policy(()), Limits(processes_max=50))
print(started.process.stdout.readline().decode(), end_tree(started))
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_program_that_starts_others_without_end_is_bounded(name: str) -> None:
    """But not for root, whose processes the kernel does not count."""
    user = users()[-1]
    if user.name == "root":
        pytest.skip("there is no ordinary user to be")
    done = subprocess.run(
        (*user.python, "-B", "-W", "ignore", "-c", FORKS, name),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    added, ended = map(int, done.stdout.split())
    assert added < 1500
    assert ended >= added


def test_the_mark_cannot_be_taken_off(folder: Path) -> None:
    for name in mechanisms():
        script = "ulimit -R 5 2>/dev/null; prlimit --rttime=5:5 true 2>/dev/null; ulimit -R"
        started = start(mechanism(name), folder, "bash", "-c", script)
        assert output_of(started).strip() == str(started.mark)


DIES = """
import os, sys
from pathlib import Path
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.sandbox import ProcessSpec
from tests.sandbox.arena import mechanism

name, folder = sys.argv[1:]
sandbox = mechanism(name)
script = "setsid -f env -i sleep 60; nohup sleep 60 >/dev/null & sleep 60"
spec = ProcessSpec(("sh", "-c", script), Path(folder), {"PATH": os.defpath})
for _ in range(3):
    print(sandbox.start(spec, Policy((Path(folder),))).mark, flush=True)
print("started", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_when_we_are_killed_nothing_runs_on(name: str, number: int, folder: Path) -> None:
    process = subprocess.Popen(
        (sys.executable, "-c", DIES, name, str(folder)),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process, process.stdin, process.stdout:
        marks = [int(process.stdout.readline()) for _ in range(3)]
        assert process.stdout.readline() == "started\n"
        assert all(tree_members(mark) for mark in marks)
        os.kill(process.pid, number)
        process.wait()
    assert all(wait_until_gone(mark) for mark in marks)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_when_we_are_killed_at_any_moment_nothing_runs_on(name: str, folder: Path) -> None:
    """At twenty moments, from before the first command was started."""
    for moment in range(20):
        process = subprocess.Popen(
            (sys.executable, "-c", DIES, name, str(folder)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        with process, process.stdin:
            select.select((), (), (), 0.05 + moment * TICK_SECONDS)
            process.kill()
        deadline = time.monotonic() + GONE_SECONDS_MAX
        while left := running_in(folder):
            assert time.monotonic() < deadline, left
            select.select((), (), (), TICK_SECONDS)


def running_in(folder: Path) -> list[str]:
    """Processes whose folder that is, except for the one that died itself."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_marks_are_never_given_twice() -> None:
    trees, others = ProcessTrees(), ProcessTrees()
    marks = [each.new_mark() for each in (trees, others) for _ in range(50)]
    assert len(set(marks)) == 100
    assert all(mark is not None and mark < 2**63 for mark in marks)
