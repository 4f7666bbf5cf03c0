"""`Bubblewrap` confines processes by namespaces, where bwrap is installed and the system lets it.

A process sees a file system of its own: all read-only but for the writable folders,
hidden places empty, `/tmp`, `/dev` and `/run` private, with processes and, unless
the policy opens it, a network of its own. So protected files, modes of files
outside and signals are held too. seccomp takes away what would get around it, and
all Unix sockets unless the network is `loopback`, where those that others listen on
are covered.

It does not hold: with `loopback` a Unix socket in a writable folder, or one that is
new, can be connected to; a protected name that does not exist can be made, so
`ProtectedFiles` takes it away again.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from lsp_server.sandbox import linux_capabilities, seccomp
from lsp_server.sandbox.launch import launch
from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.listening_sockets import listening_sockets
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.process_tree import own_trees
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess
from lsp_server.sandbox.shared_network import SharedNetwork
from lsp_server.sandbox.system_programs import find_system_program

PROGRAM = "bwrap"
TEMPORARY = Path("/tmp")  # noqa: S108 - the place that programs know
RUNTIME = Path("/run")
ALL = Path("/")
PROCESSES = Path("/proc")
NEEDED_IN_RUNTIME = (
    # Name servers, and what whole systems and graphics drivers keep there.
    *("systemd/resolve", "resolvconf", "NetworkManager/resolv.conf"),
    *("current-system", "booted-system", "opengl-driver", "media", "host"),
)
CLOSED, PASSABLE = "0000", "0111"
"""Modes of a hidden folder: nobody looks in, or only through to something that may be seen."""


class Bubblewrap:
    """`Bubblewrap` starts processes by bwrap. `program` is its path; None takes that of the system."""

    name = "bubblewrap"
    has_own_network = True
    holds_protected = True

    def __init__(self, program: str | None = None) -> None:
        self._program = program or _program()

    def start(
        self, spec: ProcessSpec, policy: Policy, limits: Limits = Limits()
    ) -> SandboxedProcess:
        """Starts the process. Blocks for a few milliseconds.

        The process ends when the calling thread does, so that must be one that lasts.
        """
        filter_file = _filter_file(policy)
        try:
            arguments = bubblewrap_arguments(
                policy,
                spec.cwd,
                listening_sockets() if policy.network == "loopback" else (),
                programs=_program_folders(spec),
                filter_file=filter_file,
            )
            return launch(
                (*policy.network_entry, self._program, *arguments, "--", *spec.argv),
                spec,
                limits=limits,
                mark=own_trees().new_mark(),
                pass_fds=() if filter_file is None else (filter_file,),
            )
        finally:
            if filter_file is not None:
                os.close(filter_file)

    def gaps(self, policy: Policy) -> tuple[str, ...]:
        """Returns what of the policy is not held, a sentence each."""
        if policy.network == "loopback":
            return ("a Unix socket that begins to listen while the command runs can be reached",)
        if policy.network == "on":
            return ("all of the network is open, this machine's own services too",)
        return ()


def open_network(shared: SharedNetwork, program: str | None = None) -> bool:
    """Makes the network that commands have in common; says whether there is one. Blocking."""
    # With a user namespace where the commands have one.
    user = () if _may_mount() else ("--unshare-user-try",)
    return shared.open((program or _program(), "--die-with-parent", *user, "--ro-bind", "/", "/"))


def bubblewrap_arguments(
    policy: Policy,
    cwd: Path,
    sockets: Iterable[Path] = (),
    programs: Iterable[Path] = (),
    *,
    filter_file: int | None = None,
    as_root: bool | None = None,
) -> list[str]:
    """Returns the arguments of bwrap that hold the policy, up to the program to run.

    `sockets` are those that must not be reached; `programs` folders that are read
    although they lie in a private one. Of two mounts on one path the later counts, so
    places come from the outer to the inner. `as_root` is for a caller that may mount
    by itself; by default it is found out.
    """
    found = [*_namespaces(policy, _may_mount() if as_root is None else as_root)]
    found += [
        "--bind" if ALL in policy.writable else "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
    ]
    found += _kernel_settings()
    found += _runtime()
    if policy.scratch is not None:
        found += ["--bind", str(policy.scratch), str(TEMPORARY)]
    else:
        found += ["--tmpfs", str(TEMPORARY)]
    for folder in programs:
        found += ["--ro-bind-try", str(folder), str(folder)]
    found += _places(policy, tuple(sockets))
    for device in policy.devices:
        found += ["--dev-bind-try", str(device), str(device)]
    if filter_file is not None:
        found += ["--seccomp", str(filter_file)]
    return [*found, "--chdir", str(cwd)]


def _namespaces(policy: Policy, as_root: bool) -> Iterator[str]:
    yield from ("--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc")
    yield from ("--unshare-uts", "--unshare-cgroup-try")
    if policy.network != "on" and not policy.network_entry:
        yield "--unshare-net"
    # Without it root would keep what it needs to take the mounts away again.
    yield from ("--cap-drop", "ALL")
    if as_root:
        # Root in a user namespace has no rights to the files of others.
        for name in linux_capabilities.KEPT_NAMES:
            yield from ("--cap-add", name)
    else:
        yield "--unshare-user-try"


def _kernel_settings() -> Iterator[str]:
    """What is in /proc beside processes, read-only: bwrap leaves settings of the kernel to root."""
    with os.scandir(PROCESSES) as entries:
        names = [
            entry.name
            for entry in entries
            if not entry.name.isdigit() and not entry.is_symlink() and _is_changeable(entry)
        ]
    for name in sorted(names):
        yield from ("--ro-bind-try", str(PROCESSES / name), str(PROCESSES / name))


def _is_changeable(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() or bool(entry.stat().st_mode & 0o222)


def _runtime() -> Iterator[str]:
    """An empty /run, but for what programs need to read there."""
    if not RUNTIME.is_dir():
        return
    yield from ("--tmpfs", str(RUNTIME))
    for name in NEEDED_IN_RUNTIME:
        if (RUNTIME / name).exists():
            yield from ("--ro-bind", str(RUNTIME / name), str(RUNTIME / name))


def _program_folders(spec: ProcessSpec) -> Iterator[Path]:
    """Where programs are that would vanish with the system's own /tmp or /run, as of a venv there."""
    folders = spec.environment.get("PATH", "").split(os.pathsep)
    for folder in dict.fromkeys((*map(Path, folders), Path(spec.argv[0]).parent)):
        for private in (TEMPORARY, RUNTIME):
            if folder.is_relative_to(private) and folder != private:
                yield folder if folder.parent == private else folder.parent


def _places(policy: Policy, sockets: tuple[Path, ...]) -> Iterator[str]:
    """What is shown, protected and hidden, the outer ones first."""
    # The whole disk was bound before all else; a second time it would cover /dev and /proc.
    places = [(path, "writable") for path in policy.changeable if path != ALL]
    places += [(path, "readable") for path in policy.readable if _is_covered(path, policy)]
    places += [(path, "protected") for path in policy.protected]
    hidden = (*policy.hidden, *(path for path in sockets if not policy.may_write(path)))
    places += [(path, "hidden") for path in _outermost(hidden, policy.shown)]
    closed: list[str] = []
    for path, kind in sorted(places, key=lambda place: len(place[0].parts)):
        if not _can_be_mounted(path, policy):
            continue
        text = str(path)
        if kind == "writable":
            yield from ("--bind", text, text)
        elif kind in ("readable", "protected"):
            yield from ("--ro-bind", text, text)
        elif os.path.isdir(path):  # noqa: PTH112 - never raises
            shows = any(one != path and one.is_relative_to(path) for one in policy.shown)
            yield from ("--perms", PASSABLE if shows else CLOSED, "--tmpfs", text)
            closed.append(text)
        else:
            # A device on a mount without devices: nobody may open it, root neither.
            yield from ("--ro-bind", os.devnull, text)
    for text in closed:
        yield from ("--remount-ro", text)


def _is_covered(path: Path, policy: Policy) -> bool:
    """Whether something hidden or private is mounted around the path, so that it has to be shown."""
    return not {TEMPORARY, RUNTIME, *policy.hidden}.isdisjoint((path, *path.parents))


def _outermost(hidden: Iterable[Path], shown: Iterable[Path]) -> list[Path]:
    """What is hidden, without what is in something else that is hidden and gone with it."""
    closed, opened = frozenset(hidden), frozenset(shown)

    def is_gone(path: Path) -> bool:
        nearest = next((one for one in path.parents if one in closed or one in opened), None)
        return nearest in closed

    return [path for path in closed if not is_gone(path)]


def _can_be_mounted(path: Path, policy: Policy) -> bool:
    """Whether there is something to mount on, and no private folder was mounted above it."""
    if not os.path.exists(path) or os.path.islink(path):  # noqa: PTH110, PTH114 - never raise
        return False
    private = any(path.is_relative_to(one) for one in (TEMPORARY, RUNTIME))
    return not private or any(path.is_relative_to(one) for one in policy.shown)


def _filter_file(policy: Policy) -> int | None:
    """The filter as a file without a name, ready to be read; None where it cannot be made."""
    if not seccomp.is_known():
        return None
    # Others, as those to the machine that this one runs on, know no namespaces.
    families = [*seccomp.INTERNET, socket.AF_NETLINK]
    if policy.network == "loopback":
        # Those with a path lead out of a network of one's own, and are covered by mounts.
        families.append(socket.AF_UNIX)
    refused = seccomp.rules(families, has_namespaces=True)
    descriptor = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    os.write(descriptor, seccomp.program(refused))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _program() -> str:
    # Where there is none, a start fails; it is not looked for on the PATH.
    return find_system_program(PROGRAM) or f"/usr/bin/{PROGRAM}"


@cache
def _may_mount() -> bool:
    return os.geteuid() == 0 and bool(
        linux_capabilities.effective() >> linux_capabilities.SYS_ADMIN & 1
    )
