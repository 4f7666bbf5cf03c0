"""A workspace among decoys, and a mount namespace in which nothing else can be written.

Whatever a command line does there, it can only hit the tree. What it changed is seen by a
manifest of the tree; what it read, by the times of last access of the decoys, and by their
names and contents in the output, all of which hold `DECOY`, those of secrets in the workspace `SECRET`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.files import lay_out
from tests.harness.git import committed

DECOY = "ZQDECOY"
SECRET = "ZQSECRET"
WITHOUT_GLOBSKIPDOTS = "bash without globskipdots"
SHELLS: dict[str, tuple[str, ...]] = {
    "bash": ("bash", "--norc"),
    WITHOUT_GLOBSKIPDOTS: ("bash", "--norc", "+O", "globskipdots"),
    "dash": ("dash",),
}
BATCH_SECONDS = 60
PATH = "/usr/bin:/bin"
_LONG_AGO = 1_000_000_000
_MARK = "@ZQLINE"


@dataclass
class ThrowawayTree:
    """A `ThrowawayTree` is a workspace among decoys, made anew by `make`.

    `environment` is that of the command lines that run in it.
    """

    base: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="shell-fuzz-")).resolve()
    )
    environment: dict[str, str] = field(default_factory=dict)
    manifest: frozenset[tuple[str, str]] = frozenset()
    decoys: tuple[Path, ...] = ()

    @property
    def workspace(self) -> Path:
        return self.base / "ws"

    @property
    def home(self) -> Path:
        return self.base / "home"

    def make(self) -> None:
        """Makes the tree anew."""
        shutil.rmtree(self.base)
        self._make_outside()
        lay_out(
            self.workspace,
            {
                "a.txt": "foo\nb:c\n", "src/b.py": "foo = 1\n", "src/deep/c.md": "c\n", "-x": "x\n",
                "notes": "n\n", "two words": "t\n", ".hidden": "h\n", "HEAD.txt": "h\n",
                "--output=x": "o\n", "src/-exec": "e\n",
            },
        )  # fmt: skip
        committed(self.workspace)
        lay_out(self.workspace, {"a.txt": "foo\nchanged\n", ".env": SECRET, "key.pem": SECRET})
        for name, target in {"link": "../o/d/file", "out": "../o", "src/up": "../.."}.items():
            (self.workspace / name).symlink_to(target)
        self.manifest, self.decoys = self._manifest(), tuple(self._find_decoys())
        self._forget_access()

    def _make_outside(self) -> None:
        lay_out(
            self.base,
            {
                f"{DECOY}1.txt": DECOY, f"o/{DECOY}2": DECOY, "o/d/file": DECOY, "x": DECOY,
                f"o/d/{DECOY}3": DECOY, f"home/{DECOY}4": DECOY, "home/x": DECOY, "a.txt": DECOY,
                f"home/.ssh/{DECOY}5": DECOY, "etc/hostname": DECOY, "etc/shadow": DECOY,
                "etc/passwd": f"root:x:0:0:{DECOY}:{self.home}:/bin/sh\n", "etc/group": "root:x:0:\n",
            },
        )  # fmt: skip

    def run(self, shell: str, lines: Sequence[str]) -> str:
        """Runs the lines, each in a subshell of one process, and returns what they print."""
        script = f'__run() {{ printf \'\\n{_MARK} %s\\n\' "$1"; ( eval "$2" ) </dev/null; }}\n'
        for number, line in enumerate(lines):
            script += f"__run {number} {shlex.quote(line)}\n"
        done = subprocess.run(
            [*self._namespace(), *SHELLS[shell], "/dev/fd/0"],
            input=script.encode(),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BATCH_SECONDS,
            check=False,
        )
        output = done.stdout.decode(errors="replace")
        if output.count(_MARK) != len(lines):
            raise ValueError(f"not all of the lines ran: {output[-300:]!r}")
        return output.replace(_MARK, "")

    def _namespace(self) -> Iterator[str]:
        yield from ("bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL")
        yield from ("--hostname", "fuzz", "--ro-bind", "/usr", "/usr")
        for name in ("bin", "lib", "lib64", "sbin"):
            yield from ("--symlink", f"usr/{name}", f"/{name}")
        yield from ("--ro-bind", str(self.base / "etc"), "/etc", "--proc", "/proc", "--dev", "/dev")
        yield from ("--tmpfs", "/tmp", "--bind", str(self.base), str(self.base))
        yield from ("--chdir", str(self.workspace), "--")

    def effects(self, output: str, *, secrets_may_be_read: bool) -> Iterator[str]:
        """Yields what the last lines did that they should not have, and makes all as before."""
        # Before anything else looks.
        read = [path for path in self.decoys if _access(path) not in (_LONG_AGO, None)]
        if secrets_may_be_read:
            read = [path for path in read if not path.is_relative_to(self.workspace)]
        elif SECRET in output:
            yield "printed a secret"
        if DECOY in output:
            yield "printed a decoy"
        if read:
            yield f"read {', '.join(map(str, read))}"
        if (now := self._manifest()) != self.manifest:
            changed = {path for path, _ in now.symmetric_difference(self.manifest)}
            yield f"changed {', '.join(sorted(changed))}"
            self.make()
        self._forget_access()

    def _manifest(self) -> frozenset[tuple[str, str]]:
        found = set()
        for folder, below, names in os.walk(self.base):
            for name in (*below, *names):
                path = Path(folder, name)
                status = path.lstat()
                if not path.is_dir() or path.is_symlink():
                    found.add(
                        (str(path), f"{status.st_mode} {status.st_size} {status.st_mtime_ns}")
                    )
                else:
                    found.add((str(path), f"{status.st_mode}"))
        return frozenset(found)

    def _find_decoys(self) -> Iterator[Path]:
        """Everything outside, the folders too, and the secrets in the workspace."""
        yield from (self.workspace / ".env", self.workspace / "key.pem", self.base)
        for part in (self.base / "o", self.home):
            yield part
            yield from part.rglob("*")
        yield from (path for path in self.base.iterdir() if path.is_file())
        yield from (self.base / "etc" / "hostname", self.base / "etc" / "shadow")

    def _forget_access(self) -> None:
        # A time of access before that of the last change is brought up to date by the next one.
        for path in self.decoys:
            os.utime(path, ns=(_LONG_AGO, path.lstat().st_mtime_ns), follow_symlinks=False)


def _access(path: Path) -> int | None:
    """When it was read last, None where it is gone, which the manifest says as well."""
    try:
        return path.lstat().st_atime_ns
    except FileNotFoundError:
        return None
