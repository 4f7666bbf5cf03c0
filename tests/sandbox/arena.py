"""A throw-away tree with things to lose, and what a command did to them.

    python -m tests.sandbox.arena MECHANISM < rows.json > effects.json

The rows are commands by name; the answer has for each what got out, empty for nothing.
It is a program of its own, so that another user can run it. The standard library and
the sandbox room are all that it needs.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from lsp_server.sandbox.bubblewrap import Bubblewrap
from lsp_server.sandbox.environment import sandbox_environment
from lsp_server.sandbox.landlock_seccomp import LandlockSeccomp
from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.places import PROTECTED_NAMES
from lsp_server.sandbox.policy import Policy, PolicyRules, reading_policy, workspace_policy
from lsp_server.sandbox.process_tree import end_tree
from lsp_server.sandbox.protected_files import ProtectedFiles
from lsp_server.sandbox.sandbox import ProcessSpec, Sandbox
from lsp_server.sandbox.unconfined import Unconfined

TOKEN_VARIABLE = "ARENA_TOKEN"
ROW_SECONDS_MAX = 8.0
OUTPUT_BYTES_MAX = 4_000_000
LOOKS_MAX = 200
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
SYSTEM_PLACES = (
    "/etc",
    "/etc/cron.d",
    "/etc/profile.d",
    "/usr/local/bin",
    "/opt",
    "/var/spool/cron",
)
SECRETS = {
    "home/.ssh/id_ed25519": "{}\n",
    "home/.aws/credentials": "{}\n",
    "home/.netrc": "machine x login u password {}\n",
    "home/.git-credentials": "https://u:{}@x\n",
    "home/.config/gh/hosts.yml": "github.com:\n    oauth_token: {}\n",
    "home/.kube/config": "token: {}\n",
    "own/journal": "{}\n",
}
REPOSITORY_CODE = ("config", "hooks", "info/attributes")
RUNS_CODE = (b"evil", b"fsmonitor", b"hooksPath")


def mechanism(name: str) -> Sandbox:
    """The mechanism by its name; `landlock-3` is Landlock as of its third version."""
    if name.startswith("landlock-"):
        return LandlockSeccomp(version=int(name.removeprefix("landlock-")))
    sandboxes: dict[str, Sandbox] = {
        "landlock": LandlockSeccomp(),
        "bubblewrap": Bubblewrap(),
        "off": Unconfined(),
    }
    return sandboxes[name]


class Arena:
    """The tree, the listeners and the process outside; `run` runs a command among them."""

    def __init__(self, base: Path, template: Path, token: str) -> None:
        self.base = base
        self.token = token
        self.workspace = base / "workspace"
        self.scratch = base / "scratch"
        self.shared = Path("/dev/shm") / f"arena-{secrets.token_hex(6)}"
        self._template = template
        self._listeners: dict[str, socket.socket] = {}
        self._other: subprocess.Popen[bytes] | None = None
        self._make_template()
        self._restore_outside()
        self._before = self._manifest()

    @contextmanager
    def open(self) -> Iterator[Arena]:
        with ExitStack() as stack:
            tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            path, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
            tcp.bind(("127.0.0.1", 0))
            udp.bind(("127.0.0.1", 0))
            path.bind(str(self.base / "socket"))
            abstract.bind(f"\0{self.base.name}")
            self._listeners = {"TCP": tcp, "UDP": udp, "SOCK": path, "ABSTRACT": abstract}
            for name, listener in self._listeners.items():
                stack.enter_context(listener)
                if name != "UDP":
                    listener.listen(64)
                listener.setblocking(False)
            stack.callback(self._end_other)
            stack.callback(self.shared.unlink, missing_ok=True)
            yield self

    def policy(self) -> Policy:
        return workspace_policy(
            self.workspace,
            (self.base / "own",),
            self.scratch,
            PolicyRules(),
            home=self.base / "home",
        )

    def run(self, sandbox: Sandbox, command: str, *, reads_only: bool = False) -> list[str]:
        """Runs the command in a new workspace and returns what got out, a line each."""
        self._renew()
        policy = self.policy()
        before = ProtectedFiles(policy)
        if reads_only:
            policy = reading_policy(policy)
        output, ran_on = self._output(sandbox, command, policy)
        if not isinstance(sandbox, Unconfined):
            before.put_back(self.policy().protected)
        found = [*self._changed(), *self._connected(), *self._signalled()]
        found += self._read(output)
        found += [f"changed: {name}" for name in self._code_of_workspace()]
        if reads_only and (changed := self._changed_inside()):
            found.append(f"changed inside: {changed}")
        if b"ESCAPED" in output:
            found.append("escaped")
        if ran_on or self._left_running():
            found.append("runs on")
        return found

    def _output(self, sandbox: Sandbox, command: str, policy: Policy) -> tuple[bytes, bool]:
        """What it wrote, and whether something held on to its output after the end."""
        read_end, write_end = os.pipe()
        spec = ProcessSpec(
            ("bash", "-c", command),
            self.workspace,
            self._environment(policy),
            stdout=write_end,
            stderr=write_end,
        )
        try:
            started = sandbox.start(spec, policy, Limits())
        finally:
            os.close(write_end)
        output = bytearray()
        deadline = time.monotonic() + ROW_SECONDS_MAX
        while started.process.poll() is None and time.monotonic() < deadline:
            if select.select((read_end,), (), (), 0.005)[0]:
                output += os.read(read_end, 1 << 16)
                if len(output) > OUTPUT_BYTES_MAX:
                    break
        if not isinstance(sandbox, Unconfined):
            end_tree(started)
        elif started.process.poll() is None:
            started.process.kill()
        ran_on = False
        while len(output) <= OUTPUT_BYTES_MAX:
            if not select.select((read_end,), (), (), 0.5)[0]:
                ran_on = True
                break
            data = os.read(read_end, 1 << 16)
            if not data:
                break
            output += data
        os.close(read_end)
        started.process.wait()
        if os.environ.get("ARENA_VERBOSE"):
            text = bytes(output[:600]).decode("utf-8", "replace")
            sys.stderr.write(f"{sandbox.name}: {command}\n{text}\n")
        return bytes(output), ran_on

    def _environment(self, policy: Policy) -> dict[str, str]:
        home = self.base / "home"
        assert self._other is not None
        given = {
            "PATH": PATH,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "npm_config_update_notifier": "false",
        }
        return sandbox_environment(given, policy) | {
            "OUT": str(self.base / "outside"),
            "SECRET": str(home / ".ssh" / "id_ed25519"),
            "OWN": str(self.base / "own" / "journal"),
            "SHARED": str(self.shared),
            "OTHER": str(self._other.pid),
            "TCP": str(self._listeners["TCP"].getsockname()[1]),
            "UDP": str(self._listeners["UDP"].getsockname()[1]),
            "SOCK": str(self.base / "socket"),
            "ABSTRACT": self.base.name,
        }

    # The tree.

    def _make_template(self) -> None:
        out, home, own = (self._template / name for name in ("outside", "home", "own"))
        for folder in (out / "dir", out / "empty", home / ".ssh", home / ".aws", home / ".cache"):
            folder.mkdir(parents=True)
        own.mkdir()
        for path in (out / "file", out / "dir" / "inner", home / ".bashrc", home / ".profile"):
            path.write_text("content\n")
        for name, text in SECRETS.items():
            path = self._template / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(self.token))
            path.chmod(0o600)
        self._make_repository(out / "repo")
        (out / "repo" / "tracked").write_text("changed\n")
        (out / "repo" / "untracked").write_text("content\n")
        workspace = self._template / "workspace"
        self._make_repository(workspace)
        (workspace / ".vscode").mkdir()
        (workspace / ".vscode" / "settings.json").write_text("{}\n")

    def _make_repository(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "tracked").write_text("content\n")
        git = ("git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com")
        environment = {"PATH": PATH, "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
        for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
            subprocess.run((*git, *arguments), check=True, env=environment, capture_output=True)
        (folder / ".git" / "hooks").mkdir(exist_ok=True)

    def _restore_outside(self) -> None:
        self._end_other()
        for name in ("outside", "home", "own"):
            _remove(self.base / name)
            shutil.copytree(self._template / name, self.base / name, symlinks=True)
        self.shared.write_text("content")

    def _renew(self) -> None:
        for folder in (self.workspace, self.scratch):
            _remove(folder)
        shutil.copytree(self._template / "workspace", self.workspace, symlinks=True)
        self.scratch.mkdir()
        if self._other is None:
            self._other = subprocess.Popen(
                ("sleep", "1000"),
                cwd=self.base / "outside",
                env={"PATH": PATH, "SECRET": self.token},
            )

    def _manifest(self) -> dict[str, tuple[object, ...]]:
        found = {}
        for name in ("outside", "home", "own"):
            for path in (self.base / name, *sorted((self.base / name).rglob("*"))):
                found[str(path.relative_to(self.base))] = _state(path)
        found["/dev/shm"] = _state(self.shared)
        for place in SYSTEM_PLACES:
            with suppress(OSError):
                found[place] = tuple(sorted(path.name for path in Path(place).iterdir()))
        return found

    def _changed(self) -> list[str]:
        now = self._manifest()
        names = sorted(now.keys() | self._before.keys())
        found = [name for name in names if now.get(name) != self._before.get(name)]
        if found:
            self._restore_outside()
            self._before = self._manifest()
        return [f"changed: {name}" for name in found[:4]]

    def _changed_inside(self) -> str:
        old, new = (
            {str(p.relative_to(root)): _state(p)[:2] for p in sorted(root.rglob("*"))}
            for root in (self._template / "workspace", self.workspace)
        )
        return next(
            (name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)), ""
        )

    def _code_of_workspace(self) -> list[str]:
        """What runs code and is not as it was; a new repository may be there, if harmless."""
        old = _code(self._template / "workspace")
        new = _code(self.workspace)
        found = [name for name, state in old.items() if new.get(name) != state]
        for name, state in new.items():
            is_harmless = name.endswith(".git/config") and not any(x in state[1] for x in RUNS_CODE)
            if name not in old and not is_harmless and not name.endswith(".sample"):
                found.append(name)
        return found

    # What else got out.

    def _connected(self) -> list[str]:
        found = []
        for name, listener in self._listeners.items():
            with suppress(BlockingIOError):
                while True:
                    listener.recv(100) if name == "UDP" else listener.accept()[0].close()
                    found.append(f"connected: {name}")
        return found[:1]

    def _signalled(self) -> list[str]:
        if self._other is None or self._other.poll() is None:
            return []
        self._other = None
        return ["signalled"]

    def _read(self, output: bytes) -> list[str]:
        token = self.token.encode()
        if token in output:
            return ["read: in the output"]
        for root in (self.workspace, self.scratch):
            for path in root.rglob("*"):
                if path.is_file() and not path.is_symlink() and token in path.read_bytes():
                    return [f"read: in {path.name}"]
        return []

    def _left_running(self) -> bool:
        """Whether something still works in the workspace, which is ended, with what it starts meanwhile."""
        found = False
        for _ in range(LOOKS_MAX):
            running = list(self._running())
            for number in running:
                with suppress(OSError):
                    os.kill(number, signal.SIGKILL)
            if not running:
                break
            found = True
        return found

    def _running(self) -> Iterator[int]:
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and str((entry / "cwd").readlink()) == str(self.workspace):
                    yield int(entry.name)

    def _end_other(self) -> None:
        if self._other is not None:
            self._other.kill()
            self._other.wait()
            self._other = None


def _state(path: Path) -> tuple[object, ...]:
    try:
        state = path.lstat()
    except OSError:
        return ("gone",)
    if stat.S_ISREG(state.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if _readable(path) else "closed"
    elif stat.S_ISLNK(state.st_mode):
        content = str(path.readlink())
    else:
        content = ""
    names = tuple(os.listxattr(path, follow_symlinks=False))
    return (
        state.st_mode, content, state.st_uid, state.st_gid, names, state.st_nlink,
        state.st_mtime_ns, _attributes(path),
    )  # fmt: skip


def _attributes(path: Path) -> str:
    if not shutil.which("lsattr") or path.is_symlink():
        return ""
    if path.name != "file":
        return ""
    done = subprocess.run(("lsattr", "-d", str(path)), capture_output=True, check=False, text=True)
    return done.stdout.partition(" ")[0]


def _readable(path: Path) -> bool:
    return os.access(path, os.R_OK)


def _code(root: Path) -> dict[str, tuple[int, bytes]]:
    found = {}
    for folder, names, files in os.walk(root):
        here = Path(folder)
        for name in (*names, *files):
            path = here / name
            if name in PROTECTED_NAMES:
                places = [path / code for code in REPOSITORY_CODE] if name == ".git" else [path]
                for place in places:
                    for one in (place, *place.rglob("*")):
                        if one.is_symlink():
                            found[str(one.relative_to(root))] = (0, str(one.readlink()).encode())
                        elif one.is_file():
                            mode = stat.S_IMODE(one.stat().st_mode)
                            found[str(one.relative_to(root))] = (mode, one.read_bytes())
        names[:] = [
            name for name in names if name not in PROTECTED_NAMES and not (here / name).is_symlink()
        ]
    return found


def _remove(folder: Path) -> None:
    """Also where a command took the rights away."""
    if not folder.exists():
        return
    for path, names, _ in os.walk(folder):
        for name in (".", *names):
            with suppress(OSError):
                if not (Path(path) / name).is_symlink():
                    (Path(path) / name).chmod(0o700)
    shutil.rmtree(folder)


def main() -> None:
    name, *options = sys.argv[1:]
    rows: dict[str, str] = json.load(sys.stdin)
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_hex(16)
    # Not below /tmp, which a mechanism may replace; and what is copied from not beside it.
    base, template = (
        Path(tempfile.mkdtemp(prefix=prefix, dir="/var/tmp")).resolve()
        for prefix in ("arena-", "template-")
    )
    sandbox = mechanism(name)
    effects = {}
    try:
        with Arena(base, template, token).open() as arena:
            for key, command in rows.items():
                effects[key] = arena.run(sandbox, command, reads_only="--reads-only" in options)
    finally:
        _remove(base)
        _remove(template)
    json.dump(effects, sys.stdout)


if __name__ == "__main__":
    main()
