"""This module makes the environment of a sandboxed process: without keys, without doors."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from types import MappingProxyType

from lsp_server.sandbox.policy import Policy

KEY_NAMES = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|._PWD$"
    r"|(?:^|_)(?:TOKEN|SECRETS?|PASS|PAT|AUTH|DSN|CREDENTIALS?"
    r"|(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|ACCOUNT|MASTER)_?KEY(?:_ID)?)(?:_|\d|$)",
    re.IGNORECASE,
)
"""Names of variables that hold a key. What their value is says nothing."""

DOORS = frozenset(
    {
        # Agents of keys, buses, displays, containers.
        *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO", "DBUS_SESSION_BUS_ADDRESS"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "SESSION_MANAGER"),
        *("DOCKER_HOST", "CONTAINER_HOST", "KUBECONFIG", "LISTEN_FDS", "NOTIFY_SOCKET"),
        # The editor and terminal that we run in.
        *("TMUX", "STY", "NVIM", "NVIM_LISTEN_ADDRESS", "EMACS_SOCKET_NAME"),
        *("VSCODE_IPC_HOOK_CLI", "VSCODE_GIT_IPC_HANDLE", "GIT_ASKPASS", "SSH_ASKPASS"),
        *("SUDO_ASKPASS", "KITTY_LISTEN_ON", "WEZTERM_UNIX_SOCKET"),
    }
)
"""Variables that lead to programs which would act for the process, outside of the sandbox."""

QUIET_GIT = MappingProxyType({"GIT_OPTIONAL_LOCKS": "0"})
"""Without it `git status` tries to write into a `.git` that is read-only."""


def sandbox_environment(
    environment: Mapping[str, str], policy: Policy, *, as_root: bool | None = None
) -> dict[str, str]:
    """Returns the environment for a process under `policy`, made from that of our own process.

    >>> names = {"PATH": "/bin", "GITHUB_TOKEN": "x", "SSH_AUTH_SOCK": "/s", "KEYBOARD": "us"}
    >>> sorted(sandbox_environment(names, Policy(()), as_root=False))
    ['GIT_OPTIONAL_LOCKS', 'KEYBOARD', 'PATH']
    """
    kept = {
        name: value
        for name, value in environment.items()
        if name not in DOORS and not KEY_NAMES.search(name)
    }
    if policy.scratch is not None:
        kept |= dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(policy.scratch))
    if os.geteuid() == 0 if as_root is None else as_root:
        # Root's tar gives files to others, for which it has no right inside.
        kept["TAR_OPTIONS"] = " ".join(filter(None, (kept.get("TAR_OPTIONS"), "--no-same-owner")))
    return kept | QUIET_GIT
