"""This module writes what the doctor says of the sandbox: what confines commands, and what does not hold."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

from lsp_server.domain.errors import ConfigurationError
from lsp_server.sandbox.choice import Mechanism, ProbedSandbox, choose, probed, require_own_network
from lsp_server.settings.sections import Settings

HELP: Mapping[Mechanism, str] = MappingProxyType(
    {
        "bubblewrap": "install the package `bubblewrap`; where it is there, allow user namespaces "
        "(on Ubuntu, an AppArmor profile for `bwrap` or "
        "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`; in a container, "
        "`--security-opt seccomp=unconfined` or rights to mount)",
        "landlock": "use Linux 5.13 or newer with `landlock` in the kernel's `lsm=` list",
        "seatbelt": "see that `sandbox-exec` is on the PATH",
    }
)


def sandbox_text(settings: Settings) -> str:
    """Returns the section of the report as Markdown. Blocking, some tenths of a second at first."""
    lines = [_chosen(settings)]
    for mechanism in _mechanisms_of_this_system():
        found = probed(mechanism)
        lines += _mechanism(mechanism, found)
    return "\n".join(lines)


def _chosen(settings: Settings) -> str:
    try:
        found = choose(settings.sandbox.mode)
        if found.holds and settings.sandbox.hosts:
            require_own_network(found.sandbox)
    except ConfigurationError as error:
        return f"- **Problem:** {error}"
    if not found.holds:
        why = "it is switched off" if settings.sandbox.mode == "off" else "none holds here"
        return (
            f"- commands run without a sandbox, as {why}; in the mode `sandboxed` they ask, and "
            "without a question runs only what reads by plain words: no `*`, no variable, and "
            "nothing that goes through folders where a file for secrets is"
        )
    return (
        f"- {found.sandbox.name} confines commands that only read, in the mode `sandboxed` all "
        f"(mode: `{settings.permissions.mode}`, network: `{settings.sandbox.network}`"
        f"{_hosts(settings.sandbox.hosts)})"
    )


def _hosts(names: tuple[str, ...]) -> str:
    return f" and {', '.join(names)}" if names else ""


def _mechanism(mechanism: Mechanism, found: ProbedSandbox) -> list[str]:
    if found.missing:
        return [f"- {mechanism}: {found.missing}; what helps: {HELP[mechanism]}"]
    if not found.failures:
        return [f"- {mechanism}: holds all that was tried"]
    state = "holds what is required" if found.holds else "does not hold"
    way_out = "" if found.holds else f"; what helps: {HELP[mechanism]}"
    lines = [f"- {mechanism}: {state}, but for the following{way_out}"]
    for result in found.failures:
        # Of what was done after all, the details are only what the call returned.
        details = f" ({result.details})" if result.details and not found.holds else ""
        lines.append(f"  - not held: {result.description}{details}")
    return lines


def _mechanisms_of_this_system() -> tuple[Mechanism, ...]:
    return ("seatbelt",) if sys.platform == "darwin" else ("bubblewrap", "landlock")
