"""`Seatbelt` confines processes on macOS by `sandbox-exec` and a profile.

The profile is written to the documentation of its language and to what other
programs use; no machine with macOS has run it here, so the probe is what counts.

It should hold: writes, hidden reads, network, Unix sockets but for those in writable
folders, signals, and protected files, since a later rule takes back what an earlier
one gave. It should not hold: limits and marks, which macOS has no means for; a
program that starts a session of its own outlives its command.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from lsp_server.sandbox.launch import launch
from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess

PROGRAM = "/usr/bin/sandbox-exec"

BASE = """\
(version 1)
(deny default)
(allow process-exec)
(allow process-fork)
(allow process-info* (target same-sandbox))
(allow signal (target same-sandbox))
(allow sysctl-read)
(allow ipc-posix-sem)
(allow pseudo-tty)
(allow mach-lookup
  (global-name "com.apple.system.opendirectoryd.libinfo")
  (global-name "com.apple.system.notification_center")
  (global-name "com.apple.system.logger")
  (global-name "com.apple.bsd.dirhelper")
  (global-name "com.apple.PowerManagement.control"))
(allow file-read*)
(allow file-ioctl (literal "/dev/ptmx") (regex #"^/dev/ttys[0-9]+$"))
(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/ptmx")
  (literal "/dev/dtracehelper") (regex #"^/dev/ttys[0-9]+$"))
"""
"""What every process needs. Without `mach-lookup` of launch services, `open` and `osascript`
start nothing outside."""

LOOPBACK = """\
(allow network-bind (local ip "localhost:*"))
(allow network-inbound (local ip "localhost:*"))
(allow network-outbound (remote ip "localhost:*"))
"""
OPEN = """\
(allow network-bind (local ip "*:*"))
(allow network-inbound (local ip "*:*"))
(allow network-outbound (remote ip "*:*"))
(allow network-outbound (literal "/private/var/run/mDNSResponder"))
(allow mach-lookup (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.trustd.agent") (global-name "com.apple.networkd"))
"""


class Seatbelt:
    """`Seatbelt` starts processes by `sandbox-exec`."""

    name = "seatbelt"
    has_own_network = False
    holds_protected = True

    def start(
        self, spec: ProcessSpec, policy: Policy, limits: Limits = Limits()
    ) -> SandboxedProcess:
        """Starts the process; of the limits none is held."""
        argv = (PROGRAM, "-p", seatbelt_profile(policy), *spec.argv)
        return launch(argv, spec, limits=limits, mark=None)

    def gaps(self, policy: Policy) -> tuple[str, ...]:
        """Returns what of the policy is not held, a sentence each."""
        found = ["a program that starts a session of its own outlives its command"]
        if policy.network == "loopback":
            found.append("services of this machine on loopback can be reached")
        return tuple(found)

    @staticmethod
    def is_there() -> bool:
        """Says whether this system has it."""
        return shutil.which(PROGRAM) is not None


def seatbelt_profile(policy: Policy) -> str:
    """Returns the policy as a profile for `sandbox-exec -p`.

    >>> profile = seatbelt_profile(Policy((Path("/w"),), protected=(Path("/w/.git"),)))
    >>> print(profile.removeprefix(BASE), end="")
    (allow file-write* (subpath "/w"))
    (deny file-write* (subpath "/w/.git"))
    """
    lines = [BASE, *_places(policy)]
    if policy.network == "loopback":
        lines.append(LOOPBACK)
    elif policy.network == "on":
        lines.append(OPEN)
    return "".join(lines)


def _places(policy: Policy) -> Iterator[str]:
    # The last rule that fits is the one that counts, so the inner places come last.
    places = [(path, "writable") for path in policy.changeable]
    places += [(path, "readable") for path in policy.readable]
    places += [(path, "protected") for path in policy.protected]
    places += [(path, "hidden") for path in policy.hidden]
    for path, kind in sorted(places, key=lambda place: len(place[0].parts)):
        if kind in ("writable", "readable"):
            if any(path.is_relative_to(hidden) for hidden in policy.hidden):
                yield _rule("allow", "file-read*", path)
            if kind == "writable":
                yield _rule("allow", "file-write*", path)
        else:
            if kind == "hidden":
                yield _rule("deny", "file-read*", path)
            yield _rule("deny", "file-write*", path)
    for device in policy.devices:
        yield f"(allow file-ioctl file-write* (literal {_quoted(device)}))\n"


def _rule(verb: str, what: str, path: Path) -> str:
    return f"({verb} {what} (subpath {_quoted(path)}))\n"


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
