"""This module chooses the mechanism that confines commands on this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from lsp_server.domain.errors import ConfigurationError
from lsp_server.sandbox import landlock, seccomp
from lsp_server.sandbox.bubblewrap import PROGRAM, Bubblewrap
from lsp_server.sandbox.landlock_seccomp import LandlockSeccomp
from lsp_server.sandbox.probe import Effect, ProbeResult, probe
from lsp_server.sandbox.sandbox import Sandbox
from lsp_server.sandbox.seatbelt import Seatbelt
from lsp_server.sandbox.system_programs import find_system_program
from lsp_server.sandbox.unconfined import Unconfined

Mechanism: TypeAlias = Literal["bubblewrap", "landlock", "seatbelt"]
SandboxMode: TypeAlias = Literal["auto", "bubblewrap", "landlock", "seatbelt", "off"]

STRONGEST_FIRST: tuple[Mechanism, ...] = ("bubblewrap", "landlock", "seatbelt")

REQUIRED: frozenset[Effect] = frozenset({"inside", "outside", "hidden", "tcp", "udp", "socket"})
"""What must hold before commands run without asking. The rest is told to the person."""


@dataclass(frozen=True, slots=True)
class ProbedSandbox:
    """A `ProbedSandbox` is a mechanism with the results of its probe.

    `missing` says why it cannot be used at all, as a program that is not installed;
    then there are no `results`.
    """

    sandbox: Sandbox
    results: tuple[ProbeResult, ...] = ()
    missing: str = ""

    @property
    def holds(self) -> bool:
        """Returns whether all that is required holds."""
        held = {result.name for result in self.results if result.holds}
        return held >= REQUIRED

    @property
    def failures(self) -> tuple[ProbeResult, ...]:
        """Returns the results that do not hold, required or not."""
        return tuple(result for result in self.results if not result.holds)


@cache
def choose(mode: SandboxMode = "auto") -> ProbedSandbox:
    """Returns the strongest mechanism that holds here; with a mode, that one.

    It is tried once for each process; a first call takes some tenths of a second and
    blocks. `auto` returns `Unconfined` where nothing holds. Raises ConfigurationError
    when the mechanism that was asked for does not hold.
    """
    if mode == "off":
        return ProbedSandbox(Unconfined())
    if mode == "auto":
        holding = (one for one in map(probed, STRONGEST_FIRST) if one.holds)
        return next(holding, ProbedSandbox(Unconfined()))
    found = probed(mode)
    if not found.holds:
        why = found.missing or "; ".join(
            f"not held: {one.description} ({one.details})" for one in found.failures
        )
        raise ConfigurationError(
            f"the sandbox {mode} does not work on this machine: {why}", key="sandbox.mode"
        )
    return found


def require_own_network(sandbox: Sandbox) -> None:
    """Raises ConfigurationError for a mechanism that cannot let in hosts by their names."""
    if not sandbox.has_own_network:
        raise ConfigurationError(
            "sandbox.hosts needs bubblewrap, which gives a command a network of its own; "
            f"{sandbox.name} opens all of the network or nothing: install the package `bubblewrap`, "
            "or leave the setting out",
            key="sandbox.hosts",
        )


@cache
def probed(mode: Mechanism) -> ProbedSandbox:
    """Returns the mechanism with what a probe shows of it here, tried once for each process."""
    sandbox, missing = _mechanism(mode)
    return ProbedSandbox(sandbox, () if missing else probe(sandbox), missing)


def _mechanism(mode: Mechanism) -> tuple[Sandbox, str]:
    """The mechanism, and why it cannot be tried."""
    match mode:
        case "bubblewrap":
            is_there = find_system_program(PROGRAM) is not None
            return (
                Bubblewrap(),
                "" if is_there else "bubblewrap (bwrap) is not installed in a folder of the system",
            )
        case "landlock":
            return LandlockSeccomp(), _missing_of_landlock()
        case "seatbelt":
            return Seatbelt(), "" if Seatbelt.is_there() else "this system is not macOS"


def _missing_of_landlock() -> str:
    if sys.platform != "linux":
        return "this system is not Linux"
    if not landlock.version():
        return "Landlock is not there (Linux 5.13 and newer have it, unless it is switched off)"
    return "" if seccomp.is_known() else "system calls of this machine's processor are not known"
