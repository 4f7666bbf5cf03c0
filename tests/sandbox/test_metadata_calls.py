"""Owner, mode, times and attributes: what changes them inside works under Landlock, and nothing outside."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from lsp_server.sandbox import landlock, seccomp
from lsp_server.sandbox.landlock_seccomp import LandlockSeccomp
from lsp_server.sandbox.policy import Policy, workspace_policy
from lsp_server.sandbox.sandbox import ProcessSpec

DEADLINE_SECONDS = 60

pytestmark = pytest.mark.skipif(
    not landlock.version() or not seccomp.is_known() or not seccomp.can_listen(),
    reason="there is no Landlock with a listener here",
)

INSIDE = {
    "a mode": ("chmod 640 file", "640"),
    "the mode of a folder and all in it": ("chmod -R 750 folder file", "750"),
    "a mode in words": ("chmod u=rw,go= file", "600"),
    "a whole path": ('chmod 604 "$PWD/file"', "604"),
    "a path that goes up": ("cd folder && chmod 611 ../file", "611"),
    "a link": ("ln -s file l && chmod 622 l", "622"),
    "a descriptor": (
        "python3 -c \"import os; os.fchmod(os.open('file', 0), 0o644)\"",
        "644",
    ),
    "its own name of a descriptor": ("exec 5<file; chmod 646 /proc/self/fd/5", "646"),
    "another name of a descriptor": ("exec 5<file; chmod 646 /dev/fd/5", "646"),
    "a folder's descriptor": (
        "python3 -c \"import os; os.chmod('file', 0o700, dir_fd=os.open('.', 0))\"",
        "700",
    ),
    "a folder's descriptor with a whole path": (
        "python3 -c \"import os; os.chmod(os.path.abspath('file'), 0o600, dir_fd=77)\"",
        "600",
    ),
    "a place in the working folder": ("chmod 645 /proc/self/cwd/file", "645"),
    "its own input": ("chmod 613 /dev/stdin <file", "613"),
    "a script for all": ("chmod +x file && ./file", "711"),
    "a copy with all": ("chmod 741 file && cp -a file c && cp -a c file", "741"),
    "an archive": ("chmod 731 file && tar cf a.tar file && rm file && tar xpf a.tar", "731"),
    "a program that installs": ("install -m 711 file c && mv c file", "711"),
}
TIMES = {
    "a day": ("touch -d 2001-02-03T04:05:06Z file", 981173106),
    "a file's": ("touch -d @1000000000 other && touch -r other file", 1_000_000_000),
    "one of two": ("touch -m -d @1000000001 file", 1_000_000_001),
    "by seconds": ("python3 -c \"import os; os.utime('file', (1, 1234567))\"", 1_234_567),
    "by a descriptor": (
        "python3 -c \"import os; os.utime(os.open('file', 0), (5, 7654321))\"",
        7_654_321,
    ),
}
OUTSIDE = {
    "a mode": 'chmod 777 "$OUT"',
    "a path that goes up": "chmod 777 ../outside",
    "a link": 'ln -s "$OUT" l; chmod 777 l',
    "a link in a folder's place": "ln -s .. up; chmod 777 up/outside",
    "a descriptor": "python3 -c \"import os; os.fchmod(os.open(os.environ['OUT'], 0), 0o777)\"",
    "the name of a descriptor": 'exec 5<"$OUT"; chmod 777 /proc/self/fd/5 /dev/fd/5',
    "the working folder": "cd .. && chmod 777 outside",
    "its root": 'chmod 777 /proc/self/root"$OUT"',
    "times": 'touch -d @1 "$OUT"; touch "$OUT"',
    "a time of two": 'touch -a -d @1 "$OUT"',
    "an owner": 'chown 12345:12345 "$OUT"; chown -h 12345 "$OUT"',
    "an attribute": "python3 -c \"import os; os.setxattr(os.environ['OUT'], 'user.a', b'x')\"",
    "what git runs": "chmod 777 .git/hooks/pre-commit",
    "a path that changes meanwhile": """python3 -c "
import os, threading, time
end = time.monotonic() + 1.5
def swap():
    while time.monotonic() < end:
        for target in ('file', os.environ['OUT']):
            os.symlink(target, 'new'); os.replace('new', 'link')
threading.Thread(target=swap).start()
while time.monotonic() < end:
    try: os.chmod('link', 0o777)
    except OSError: pass
" """,
}
NO_SUCH = {
    "nothing": ("chmod 600 nothing", "No such file"),
    "a file as a folder": ("chmod 600 file/a", "Not a directory"),
    "a circle": ("ln -s circle circle; chmod 600 circle", "Too many levels"),
    "a name that is too long": (f"chmod 600 {'a' * 300}", "File name too long"),
    "a path that is too long": (f"chmod 600 {'a/' * 3000}b", "File name too long"),
    "no memory": (
        """python3 -c "
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
c.chmod(8, 1)
print(os.strerror(ctypes.get_errno()))" """,
        "Bad address",
    ),
    "no descriptor but the folder": (
        'python3 -c "import os; os.fchmod(-100, 0o600)"',
        "Bad file descriptor",
    ),
    "no path": (
        """python3 -c "
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
c.syscall(280, -100, None, None, 0)
print(os.strerror(ctypes.get_errno()))" """,
        "Bad address",
    ),
    "the link to a descriptor": (
        """python3 -c "
import os
f = os.open('file', 0)
os.utime(f'/proc/self/fd/{f}', (1, 1), follow_symlinks=False)" """,
        "not permitted",
    ),
    "no descriptor": ('python3 -c "import os; os.fchmod(99, 0o600)"', "Bad file descriptor"),
}

OF_THE_SERVER = (
    "/proc/./self/fd/{}",
    "/proc//thread-self/fd/{}",
    "/proc/{own}/fd/{}",
    "/proc/{own}/task/{own}/fd/{}",
    "/dev/../proc/self/fd/{}",
    "link/{}",
)
"""Names by which a thread of ours would come to what our own process has open."""
INTERRUPTED = """
import os, signal, time
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
end = time.monotonic() + 2
while time.monotonic() < end:
    os.setxattr('file', 'user.a', b'x', os.XATTR_CREATE)
    os.removexattr('file', 'user.a')
signal.setitimer(signal.ITIMER_REAL, 0)
"""
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "work"
    (folder / "folder").mkdir(parents=True)
    (folder / ".git" / "hooks").mkdir(parents=True)
    for path in (folder / "file", folder / ".git" / "hooks" / "pre-commit", folder / "../outside"):
        path.write_text("#!/bin/sh\n")
        path.chmod(0o600)
    return folder


def policy_of(work: Path) -> Policy:
    return workspace_policy(work, (), None, home=work.parent / "home")


async def run(work: Path, command: str, policy: Policy | None = None) -> str:
    """What the command says, run under Landlock by a shell."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OUT": str(work.parent / "outside"),
        "LC_ALL": "C",
    }
    spec = ProcessSpec(
        ("/bin/sh", "-c", command),
        work,
        environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    started = await asyncio.to_thread(LandlockSeccomp().start, spec, policy or policy_of(work))
    output, _ = await asyncio.to_thread(started.process.communicate, timeout=DEADLINE_SECONDS)
    return output.decode()


def needs_attributes(work: Path) -> None:
    try:
        os.setxattr(work / "folder", "user.try", b"")
    except OSError:
        pytest.skip("this disk keeps no attributes")


def state(path: Path) -> tuple[object, ...]:
    found = path.stat()
    return found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, tuple(os.listxattr(path))


@pytest.mark.parametrize(("command", "mode"), INSIDE.values(), ids=INSIDE)
async def test_a_mode_inside_changes(work: Path, command: str, mode: str) -> None:
    output = await run(work, command)
    assert (output, f"{(work / 'file').stat().st_mode & 0o777:o}") == ("", mode)


@pytest.mark.parametrize(("command", "seconds"), TIMES.values(), ids=TIMES)
async def test_times_inside_change(work: Path, command: str, seconds: int) -> None:
    output = await run(work, command)
    assert (output, (work / "file").stat().st_mtime) == ("", seconds)


async def test_attributes_inside_change(work: Path) -> None:
    needs_attributes(work)
    code = "import os; os.setxattr('file', 'user.a', b'one'); os.setxattr('file', 'user.b', b''); os.removexattr('file', 'user.b')"
    assert await run(work, f'python3 -c "{code}"') == ""
    assert (os.listxattr(work / "file"), os.getxattr(work / "file", "user.a")) == (
        ["user.a"],
        b"one",
    )


@pytest.mark.parametrize("command", OUTSIDE.values(), ids=OUTSIDE)
async def test_nothing_outside_changes(work: Path, command: str) -> None:
    watched = (work.parent / "outside", work / ".git" / "hooks" / "pre-commit")
    before = [state(path) for path in watched]
    await run(work, command)
    assert [state(path) for path in watched] == before


@pytest.mark.parametrize("name", OF_THE_SERVER)
async def test_nothing_that_our_own_process_has_open_changes(work: Path, name: str) -> None:
    (work / "link").symlink_to("/proc/self/fd")
    reader, writer = os.pipe()
    memory = os.memfd_create("ours")
    ours = (reader, writer, memory)
    before = [os.fstat(one).st_mode for one in ours]
    names = [name.format(one, own=os.getpid()) for one in ours]
    code = f"""
import os
for name in {names}:
    try: os.chmod(name, 0o001)
    except OSError as error: print(error.errno)"""
    try:
        output = await run(work, f'python3 -c "{code}"')
        assert len(output.split()) == 3
        assert [os.fstat(one).st_mode for one in ours] == before
    finally:
        for one in ours:
            os.close(one)


async def test_no_other_process_lends_its_view_of_the_disk(work: Path) -> None:
    """Where something outside is mounted there, its path looks like one in the workspace."""
    hidden = work.parent / "hidden"
    hidden.mkdir()
    victim = hidden / "victim"
    victim.write_text("")
    victim.chmod(0o600)
    script = f"mount --bind {hidden} {work}/folder && echo ready && exec sleep 60"
    other = await asyncio.create_subprocess_exec(*NAMESPACE, script, stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        if not await other.stdout.readline():
            pytest.skip("no namespaces can be made here")
        path = f"/proc/{other.pid}/root{work}/folder/victim"
        assert "denied" in await run(work, f"python3 -c \"import os; os.chmod('{path}', 0o777)\"")
        assert victim.stat().st_mode & 0o777 == 0o600
    finally:
        with suppress(ProcessLookupError):
            other.kill()
        await other.communicate()


async def test_no_signal_makes_a_change_twice(work: Path) -> None:
    needs_attributes(work)
    assert await run(work, f'python3 -c "{INTERRUPTED}"') == ""


@pytest.mark.parametrize(("command", "says"), NO_SUCH.values(), ids=NO_SUCH)
async def test_a_call_fails_as_it_would_without_us(work: Path, command: str, says: str) -> None:
    assert says in await run(work, command)


async def test_many_processes_change_at_the_same_time(work: Path) -> None:
    await run(
        work,
        "for i in 1 2 3 4 5 6 7 8; do (for j in 1 2 3; do echo > f$i$j; chmod 40$j f$i$j; done) & done; wait",
    )
    modes = {path.name: path.stat().st_mode & 0o777 for path in work.glob("f??")}
    assert modes == {f"f{i}{j}": 0o400 + j for i in range(1, 9) for j in range(1, 4)}


async def test_a_program_that_was_killed_while_it_waited_leaves_the_others_alone(
    work: Path,
) -> None:
    command = "(while :; do chmod 600 folder; done) & sleep 0.2; kill -9 $!; chmod 751 file"
    assert "Killed" in (await run(work, command + "; echo Killed"))
    assert (work / "file").stat().st_mode & 0o777 == 0o751
