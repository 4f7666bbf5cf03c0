"""A `Policy` says what the processes of a workspace may write, read and reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Network: TypeAlias = Literal["off", "loopback", "on"]

PROTECTED_NAMES = (".git", ".hg", ".svn", ".jj", ".holdfast", ".vscode", ".idea", ".husky", ".github", ".gitlab-ci.yml")
"""What runs code or decides on the person's side; a command of the agent may only read it."""

HIDDEN_IN_HOME = (
    ".ssh",
    ".aws",
    ".azure",
    ".gnupg",
    ".kube",
    ".docker",
    ".netrc",
    ".pgpass",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    ".password-store",
    ".mozilla",
    ".thunderbird",
    ".config/gcloud",
    ".config/gh",
    ".config/hub",
    ".config/op",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/rclone",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    "Library/Keychains",
    "Library/Application Support/Google/Chrome",
)
"""Where people and programs keep secrets, from the home folder."""

HIDDEN_ON_SYSTEM = ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh", "/run/secrets")
HIDDEN_SOCKETS = ("/run/docker.sock", "/var/run/docker.sock", "/run/containerd", "/run/podman", "/run/user")
"""Doors to programs that would act for the command, outside of the sandbox."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a process and its children may do. Paths are absolute and resolved.

    `writable` are folders that may be changed, but for what `protected` names in
    them. All else may be read, except for what is `hidden`. `scratch` is the
    process's own temporary folder. `network` is reached as it says.
    """

    writable: tuple[Path, ...]
    protected: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    scratch: Path | None = None
    network: Network = "off"

    @property
    def reads_only(self) -> bool:
        """Whether nothing but the scratch folder may be changed."""
        return not self.writable


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """What a person sets, beside the defaults."""

    network: Network = "off"
    write: tuple[Path, ...] = ()
    hide: tuple[Path, ...] = field(default=())


def workspace_policy(
    root: Path,
    own_folders: Iterable[Path],
    scratch: Path | None,
    rules: PolicyRules = PolicyRules(),
    home: Path | None = None,
) -> Policy:
    """The policy for commands of the agent in the workspace at `root`.

    `own_folders` are those of Holdfast's own data and settings, which are hidden.
    Only what exists is named, since a mechanism cannot bound what is not there.
    """
    home = home or Path.home()
    writable = _existing((root, *rules.write))
    hidden = _existing(
        (
            *(home / name for name in HIDDEN_IN_HOME),
            *map(Path, (*HIDDEN_ON_SYSTEM, *HIDDEN_SOCKETS)),
            *own_folders,
            *rules.hide,
        )
    )
    # A workspace below a hidden folder is wanted all the same.
    hidden = tuple(path for path in hidden if not any(one.is_relative_to(path) for one in writable))
    protected = _existing(folder / name for folder in writable for name in PROTECTED_NAMES)
    return Policy(writable, protected, hidden, scratch, rules.network)


def reading_policy(policy: Policy) -> Policy:
    """The same without the right to change anything, and without network."""
    return Policy((), (), policy.hidden, policy.scratch, "off")


def _existing(paths: Iterable[Path]) -> tuple[Path, ...]:
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if path.exists():
                found[path.resolve()] = None
        except OSError:
            continue
    return tuple(found)
