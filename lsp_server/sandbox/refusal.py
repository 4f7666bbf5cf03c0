"""This module recognises in a failed command's output what the sandbox refused, and says what helps.

Programs word a refusal like any other failure. So a line counts only if it fits
the policy: its path is one that the sandbox closes and our own process could use, or
its network one that the policy does not open.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from lsp_server.sandbox.policy import Policy
from lsp_server.text.excerpt import split_lines

RefusalKind: TypeAlias = Literal["outside", "protected", "hidden", "network", "service", "broken"]

LINES_MAX = 300
LINE_CHARS_MAX = 1000
"""What is looked at, from the end of the output."""
_PATHS_MAX = 8
_NOT_EXECUTABLE = 126
"""The exit status of a shell for a file that is there and cannot be run."""

DENIED = re.compile(
    r"permission denied|operation not permitted|read-only file ?system|access is denied"
    r"|\bEACCES\b|\bEPERM\b|\bEROFS\b|os error (?:1|13|30)\b",
    re.IGNORECASE,
)
ABSENT = re.compile(r"no such file or directory|\bENOENT\b|os error 2\b", re.IGNORECASE)
UNREACHABLE = re.compile(
    r"network is unreachable|could not resolve|temporary failure in name resolution"
    r"|name or service not known|\bEAI_AGAIN\b|\bENOTFOUND\b|\bENETUNREACH\b|no such host"
    r"|failed to lookup address|nodename nor servname|dns error|failed to resolve"
    r"|name resolution|unable to resolve",
    re.IGNORECASE,
)
SERVICE = re.compile(
    r"cannot connect to the docker daemon|failed to connect to (?:\w+ )?bus"
    r"|could not open a connection to your authentication agent"
    r"|failed to get d-?bus connection|can't open display|cannot open display",
    re.IGNORECASE,
)
REFUSED_PORT = re.compile(
    r"(?:127\.0\.0\.1|localhost|\[?::1\]?)(?:[:\s,']+(?:port )?)(\d{2,5})\b", re.IGNORECASE
)
BROKEN = re.compile(r"bwrap: (?!execvp)(.+)")

COVER_FAILED = re.compile(r"bwrap: Can't (?:mkdir parents for|create file at|find source path) .+")
"""Bubblewrap's first line where a place that it was given is gone meanwhile."""

_QUOTED = re.compile(r"""['"`\u2018\u201c]([^'"`\u2018\u2019\u201d\n]{1,400})['"`\u2019\u201d]""")
_PLAIN = re.compile(
    r"(?:^|[\s:=(])((?:~|\.{0,2})/[^\s:;,'\"()]{1,400}|\.\w[^\s:;,'\"()/]{0,400}/[^\s:;,'\"()]{1,400})"
)
_SHELL = re.compile(r"^\S*sh: (?:-c: )?(?:line )?\d+: ")
"""How a shell begins its messages: with its own path, which is not what it failed at."""
_LISTENS = "0A"
"""The state of a socket that waits for connections, in the kernel's table."""

_SENTENCES: Mapping[RefusalKind, str] = MappingProxyType(
    {
        "outside": "the sandbox does not let commands use {what}: they may change the workspace "
        "and $TMPDIR alone",
        "protected": "{what} is read-only in the sandbox, since what is in there runs on the "
        "person's side; an edit of a file there by a tool is asked about",
        "hidden": "{what} is hidden in the sandbox, as all places with secrets are",
        "network": "the sandbox has no network to reach this ({what})",
        "service": "the sandbox does not reach programs outside of it ({what})",
    }
)
_NOTICES: Mapping[RefusalKind, str] = MappingProxyType(
    {
        "outside": "to change {what}, which is outside of the workspace",
        "protected": "to change {what}, which is protected",
        "hidden": "to look at {what}, which is hidden",
        "network": "to reach the network ({what})",
        "service": "to reach a program outside of it ({what})",
    }
)
_WAY_OUT = (
    "Do it inside if that is possible; if it cannot be, call it again with `outside` and why, "
    "and a person is asked."
)


@dataclass(frozen=True, slots=True)
class SandboxRefusal:
    """A `SandboxRefusal` is something that the sandbox kept a command from; `what` is a path, a port or a message."""

    kind: RefusalKind
    what: str

    @property
    def sentence(self) -> str:
        """Returns the refusal, and what helps, for a model."""
        if self.kind == "broken":
            return f"The sandbox could not start the command: {self.what}."
        return f"Note: {_SENTENCES[self.kind].format(what=self.what)}. {_WAY_OUT}"

    @property
    def names_path(self) -> bool:
        """Says whether `what` is a path, so that its policy was looked at."""
        return self.kind in ("outside", "protected", "hidden")

    @property
    def notice(self) -> str:
        """Returns what was tried and refused, for a person; empty where nothing was.

        >>> SandboxRefusal("hidden", "/h/.ssh").notice
        'the sandbox refused a command to look at /h/.ssh, which is hidden'
        """
        tried = _NOTICES.get(self.kind, "")
        return f"the sandbox refused a command {tried.format(what=self.what)}" if tried else ""


def find_refusal(
    output: str, exit_status: int | None, policy: Policy, cwd: Path
) -> SandboxRefusal | None:
    """Returns what the sandbox refused to a command that failed; None for an ordinary failure.

    `output` is what the command wrote, `exit_status` as a shell counts it, None for
    a command that ran out of time. Looks at the disk.

    >>> policy = Policy((Path("/w"),), hidden=(Path("/h/.ssh"),))
    >>> find_refusal("curl: (6) Could not resolve host: x.org", 6, policy, Path("/w")).kind
    'network'
    >>> find_refusal("ls: cannot access 'a': No such file or directory", 2, policy, Path("/w"))
    """
    if exit_status == 0:
        return None
    lines = split_lines(output)[-LINES_MAX:]
    for line in lines:
        if found := _of_line(line[:LINE_CHARS_MAX], exit_status, policy, cwd):
            return found
    return None


def is_broken_start(output: str, exit_status: int | None) -> bool:
    """Says whether the sandbox itself could not start, so that the command did not run.

    `output` may end with the sentence of a `SandboxRefusal`.

    >>> is_broken_start("bwrap: Can't mkdir parents for /x/s: Read-only file system", 1)
    True
    >>> is_broken_start("working\\nbwrap: Can't mkdir /x", 1)
    False
    """
    return exit_status == 1 and COVER_FAILED.match(output) is not None


def _of_line(
    line: str, exit_status: int | None, policy: Policy, cwd: Path
) -> SandboxRefusal | None:
    if broken := BROKEN.match(line):
        return SandboxRefusal("broken", broken[1])
    if policy.network != "on" and (found := _network(line)):
        return found
    if DENIED.search(line) or ABSENT.search(line):
        return _of_paths(line, exit_status, policy, cwd)
    return None


def _network(line: str) -> SandboxRefusal | None:
    if found := UNREACHABLE.search(line):
        return SandboxRefusal("network", found[0])
    if found := SERVICE.search(line):
        return SandboxRefusal("service", found[0])
    found = REFUSED_PORT.search(line) if "refused" in line.lower() else None
    # Only what we would reach ourselves; else nothing listens, and that is all.
    if found is not None and int(found[1]) in _listening_ports():
        return SandboxRefusal("network", f"port {found[1]} of this machine")
    return None


def _of_paths(
    line: str, exit_status: int | None, policy: Policy, cwd: Path
) -> SandboxRefusal | None:
    is_denied = DENIED.search(line) is not None
    for path in _paths(line, cwd):
        if policy.hides(path):
            if os.path.lexists(path):
                return SandboxRefusal("hidden", str(path))
        elif is_denied and exit_status != _NOT_EXECUTABLE and not policy.may_write(path):
            inside = any(path.is_relative_to(folder) for folder in policy.changeable)
            if inside or _could_write(path):
                return SandboxRefusal("protected" if inside else "outside", str(path))
    return None


def _paths(line: str, cwd: Path) -> Iterator[Path]:
    message = _SHELL.sub("", line)
    texts = [*_QUOTED.findall(message), *_PLAIN.findall(message)][:_PATHS_MAX]
    for text in dict.fromkeys(texts):
        expanded = os.path.expanduser(text.strip())  # noqa: PTH111 - never raises
        if expanded and "\0" not in expanded:
            yield _real(cwd / expanded)


def _real(path: Path) -> Path:
    """The path without links; as it is written where one of them may not be read."""
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return Path(os.path.normpath(path))


def _could_write(path: Path) -> bool:
    """Whether our own process might, so that it was the sandbox and not the system."""
    for each in (path, *path.parents):
        if os.path.lexists(each):
            return os.access(each, os.W_OK)
    return False


def _listening_ports() -> frozenset[int]:
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if columns[3] == _LISTENS:
                ports.add(int(columns[1].rpartition(":")[2], 16))
    return frozenset(ports)
