"""This module shows what a mechanism holds on this machine, by effects and not by versions.

One process is started in the sandbox and makes all attempts (`probe_script.py`):
writes, reads, connections, signals. Whether they had an effect is seen from outside,
as an error inside proves nothing.
"""

from __future__ import annotations

import os
import secrets
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.process_tree import end_tree
from lsp_server.sandbox.sandbox import ProcessSpec, Sandbox, SandboxedProcess
from lsp_server.sandbox.scratch_folder import LASTING_TEMPORARY, scratch_folder

SCRIPT = Path(__file__).with_name("probe_script.py")
SECONDS_MAX = 5.0
TRIES_MAX = 3
"""A socket of another program that vanishes while bubblewrap covers it ends the attempt."""
_READ_BYTES = 1 << 16

Effect: TypeAlias = Literal[
    "inside",
    "outside",
    "protected",
    "mode",
    "hidden",
    "tcp",
    "udp",
    "abstract",
    "socket",
    "signal",
    "other",
    "leftover",
]

DESCRIPTIONS: Mapping[Effect, str] = MappingProxyType(
    {
        "inside": "the workspace can be written",
        "outside": "files outside are not changed",
        "protected": "protected files in the workspace are not changed",
        "mode": "modes of files outside are not changed",
        "hidden": "hidden files are not read",
        "tcp": "no TCP connection gets out",
        "udp": "no UDP packet gets out",
        "abstract": "no Unix socket without a path is reached",
        "socket": "no Unix socket with a path is reached",
        "signal": "no process outside gets a signal",
        "other": "no process outside is looked into",
        "leftover": "nothing is left running, in a session of its own neither",
    }
)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """A `ProbeResult` says whether one thing holds under a mechanism. `details` is what the attempt met."""

    name: Effect
    holds: bool
    details: str

    @property
    def description(self) -> str:
        """Returns the sentence that is true when it holds."""
        return DESCRIPTIONS[self.name]


def probe(sandbox: Sandbox, folder: Path | None = None) -> tuple[ProbeResult, ...]:
    """Tries what `sandbox` holds, in a new folder below `folder`. Blocks, below 300 ms.

    A mechanism that starts nothing is tried again, `TRIES_MAX` times in all; then it
    holds nothing, and the details say why.

    >>> from lsp_server.sandbox.unconfined import Unconfined
    >>> results = {result.name: result.holds for result in probe(Unconfined())}
    >>> results["inside"], results["outside"], results["leftover"]
    (True, False, True)
    """
    for _ in range(TRIES_MAX - 1):
        with suppress(OSError, ValueError):
            return _probe_once(sandbox, folder)
    try:
        return _probe_once(sandbox, folder)
    except (OSError, ValueError) as error:
        return tuple(ProbeResult(name, False, str(error)) for name in DESCRIPTIONS)


def _probe_once(sandbox: Sandbox, folder: Path | None) -> tuple[ProbeResult, ...]:
    """The results of one attempt. Raises OSError or ValueError when nothing ran."""
    with ExitStack() as stack:
        parent = folder if folder is not None else _writable_parent()
        base = stack.enter_context(scratch_folder(parent))
        grounds = stack.enter_context(_grounds(base))
        met = _met_inside(sandbox, grounds)
        happened = grounds.happened(met)
        return tuple(
            ProbeResult(
                name, (name in happened) == (name == "inside"), met.get(name, "")[:200].strip()
            )
            for name in DESCRIPTIONS
        )


def _writable_parent() -> Path | None:
    # A mechanism may replace /tmp, which tells less.
    return LASTING_TEMPORARY if os.access(LASTING_TEMPORARY, os.W_OK) else None


@dataclass(frozen=True, slots=True)
class _Grounds:
    """Everything that the attempts are aimed at."""

    base: Path
    token: str
    listeners: Mapping[Effect, socket.socket]
    other: subprocess.Popen[bytes]

    @property
    def policy(self) -> Policy:
        return Policy(
            writable=(self.base / "workspace",),
            protected=(self.base / "workspace" / ".git",),
            hidden=(self.base / "hidden",),
            scratch=self.base / "scratch",
        )

    @property
    def targets(self) -> list[str]:
        """What the script is called with."""
        found = {
            "inside": self.base / "workspace" / "file",
            "outside": self.base / "outside",
            "moded": self.base / "moded",
            "protected": self.base / "workspace" / ".git" / "config",
            "hidden": self.base / "hidden" / "secret",
            "tcp": self.listeners["tcp"].getsockname()[1],
            "udp": self.listeners["udp"].getsockname()[1],
            "socket": self.base / "socket",
            "abstract": self.token,
            "other": self.other.pid,
        }
        return [f"{name}={value}" for name, value in found.items()]

    def happened(self, met: Mapping[str, str]) -> frozenset[Effect]:
        """The attempts that had an effect."""
        effects: dict[Effect, bool] = {
            "inside": _text(self.base / "workspace" / "file") == "inside",
            "outside": _text(self.base / "outside") != "outside",
            "protected": _text(self.base / "workspace" / ".git" / "config") != "[core]",
            "mode": (self.base / "moded").stat().st_mode & 0o777 != 0o644,
            "hidden": self.token in met.get("hidden", ""),
            "other": self.token in met.get("other", ""),
            "signal": self.other.poll() is not None,
            "leftover": "leftover" in met and met["leftover"] != "None",
        }
        reached = select.select(tuple(self.listeners.values()), (), (), 0)[0]
        effects |= {name: one in reached for name, one in self.listeners.items()}
        return frozenset(name for name, has_effect in effects.items() if has_effect)


@contextmanager
def _grounds(base: Path) -> Iterator[_Grounds]:
    token = f"holdfast-{secrets.token_hex(8)}"
    for name in ("workspace/.git", "hidden", "scratch"):
        (base / name).mkdir(parents=True)
    (base / "outside").write_text("outside", "utf-8")
    (base / "moded").write_text("moded", "utf-8")
    (base / "moded").chmod(0o644)
    (base / "hidden" / "secret").write_text(token, "utf-8")
    (base / "workspace" / ".git" / "config").write_text("[core]", "utf-8")
    with ExitStack() as stack:
        listeners: dict[Effect, socket.socket] = {
            "tcp": stack.enter_context(_listener(socket.AF_INET, ("127.0.0.1", 0))),
            "udp": stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
            "socket": stack.enter_context(_listener(socket.AF_UNIX, str(base / "socket"))),
        }
        listeners["udp"].bind(("127.0.0.1", 0))
        if sys.platform == "linux":
            listeners["abstract"] = stack.enter_context(_listener(socket.AF_UNIX, f"\0{token}"))
        # It reads from us and so ends with us, even when we are killed in the middle.
        other = stack.enter_context(
            subprocess.Popen(
                "cat",
                env={"PATH": os.defpath, "TOKEN": token},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        stack.callback(other.kill)
        yield _Grounds(base, token, listeners, other)


def _listener(family: int, address: str | tuple[str, int]) -> socket.socket:
    listener = socket.socket(family)
    listener.bind(address)
    listener.listen()
    return listener


def _met_inside(sandbox: Sandbox, grounds: _Grounds) -> dict[str, str]:
    """What the script met, and under `leftover` whether something outlived the end of its tree.

    Raises OSError or ValueError when it did not run.
    """
    read_end, write_end = os.pipe()
    try:
        spec = ProcessSpec(
            (sys.executable, "-I", "-S", "-c", SCRIPT.read_text("utf-8"), *grounds.targets),
            grounds.base / "workspace",
            {"PATH": os.defpath},
            stdout=write_end,
            stderr=write_end,
        )
        try:
            started = sandbox.start(spec, grounds.policy)
        finally:
            os.close(write_end)
        output, has_ended = _output(read_end, started)
    finally:
        os.close(read_end)
    text = output.decode("utf-8", "replace").strip()
    met = dict(line.split("\t", 1) for line in text.splitlines() if "\t" in line)
    if "inside" not in met:
        raise ValueError(text.rpartition("\n")[2] or "the probe said nothing")
    return met | {"leftover": "None" if has_ended else "it runs on"}


def _output(read_end: int, started: SandboxedProcess) -> tuple[bytes, bool]:
    """What it wrote, and whether all that could write was ended with its tree."""
    deadline = time.monotonic() + SECONDS_MAX
    output = b""
    # What was left behind holds the pipe open, so the script's own end is waited for.
    while started.process.poll() is None and time.monotonic() < deadline:
        if select.select((read_end,), (), (), 0.005)[0]:
            output += os.read(read_end, _READ_BYTES)
    end_tree(started)
    while select.select((read_end,), (), (), 0.2)[0]:
        data = os.read(read_end, _READ_BYTES)
        if not data:
            return output, True
        output += data
    return output, False


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
