"""A `Policy` says what the processes of a workspace may write, read and reach.

It is data: a mechanism in this room holds it, and `Sandbox.gaps` says what of it
the mechanism cannot hold.
"""

from __future__ import annotations

import os
import pwd
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from lsp_server.sandbox.places import (
    CACHES,
    HIDDEN_DOORS,
    HIDDEN_IN_HOME,
    HIDDEN_ON_SYSTEM,
    HOME_STARTUP_FILES,
    NESTED_PROTECTED_NAMES,
    PROTECTED_NAMES,
)

NetworkAccess: TypeAlias = Literal["off", "loopback", "on"]

NESTED_DEPTH_MAX = 3
NESTED_FOLDERS_MAX = 400
"""Bounds of the search for protected names in subfolders, which is made at each start."""
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", ".venv", "venv", "target", ".tox"})
_FIRST_UID_OF_PEOPLE = 1000


@dataclass(frozen=True, slots=True)
class Policy:
    """A `Policy` says what a process and its children may do. Paths are absolute and resolved.

    `writable` are folders that may be changed, but for what is `protected` in them.
    All else on the disk may be read, except for what is `hidden`; folders that are
    `readable` are seen even inside of something hidden, or where a mechanism replaces
    what is around them. `scratch` is the process's own temporary folder. `devices` are device files, beside /dev/null and
    its like, that may be used. A path that does not exist is no error.

    `network` is `off`; `loopback`, which is a network of the command's own with
    nothing but itself on it; or `on`. `hosts` are let in by their names where the
    network is not `on` (`named_hosts.py`). `network_entry` stands in front of a
    program that starts in a network which it shares (`shared_network.py`); empty: in its own.
    """

    writable: tuple[Path, ...]
    protected: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    scratch: Path | None = None
    network: NetworkAccess = "off"
    devices: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = ()
    network_entry: tuple[str, ...] = ()

    @property
    def reads_only(self) -> bool:
        """Says whether nothing but the scratch folder may be changed."""
        return not self.writable

    @property
    def changeable(self) -> tuple[Path, ...]:
        """Returns the writable folders and the scratch folder."""
        return self.writable if self.scratch is None else (*self.writable, self.scratch)

    @property
    def shown(self) -> tuple[Path, ...]:
        """Returns the folders that are seen whatever is around them."""
        return (*self.changeable, *self.readable)

    def may_write(self, path: Path) -> bool:
        """Says whether a process may change what is at the resolved path."""
        depth = _depth(path, self.changeable)
        return depth > max(_depth(path, self.protected), _depth(path, self.hidden))

    def hides(self, path: Path) -> bool:
        """Says whether a process may not even read what is at the resolved path."""
        return _depth(path, self.hidden) > _depth(path, self.shown)

    @property
    def hidden_in_writable(self) -> tuple[Path, ...]:
        """Returns what is hidden below a folder that may be changed."""
        return tuple(path for path in self.hidden if _depth(path, self.changeable) > 0)


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """`PolicyRules` are what a person sets beside the defaults; `caches` are keys of `places.CACHES`."""

    network: NetworkAccess = "off"
    write: tuple[Path, ...] = ()
    hide: tuple[Path, ...] = ()
    caches: tuple[str, ...] = ()
    devices: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = ()


def workspace_policy(
    root: Path,
    own_folders: Iterable[Path],
    scratch: Path | None,
    rules: PolicyRules = PolicyRules(),
    home: Path | None = None,
    *,
    protects: bool = True,
) -> Policy:
    """Returns the policy for commands of the agent in the workspace at `root`.

    `own_folders` are those of Holdfast's own data and settings, which are hidden.
    Looks at the disk for protected names in subfolders, within bounds; so it is made
    anew for each command. Without `protects` it does not, for a `reading_policy`.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp()).resolve()
    >>> policy = workspace_policy(root, (), None)
    >>> policy.may_write(root / "src" / "a.py"), policy.may_write(root / ".git" / "config")
    (True, False)
    >>> policy.hides(Path.home().resolve() / ".ssh" / "id_ed25519")
    True
    """
    home = (home or Path.home()).resolve()
    writable = _resolved((root, *rules.write))
    caches = _resolved(cache_folders(rules.caches, home))
    homes = (home, *_homes_of_others())
    usual = (
        *(each / name for each in homes for name in HIDDEN_IN_HOME),
        *map(Path, (*HIDDEN_ON_SYSTEM, *HIDDEN_DOORS)),
    )
    # What a person names is theirs to open, but for our own data.
    hidden = [*(one for one in _resolved(usual) if one not in writable), *own_folders, *rules.hide]
    return Policy(
        (*writable, *caches),
        # A link by its own name: it is what must not change, wherever it leads.
        tuple(dict.fromkeys(_protected(writable, home))) if protects else (),
        _resolved(hidden),
        scratch.resolve() if scratch is not None else None,
        rules.network,
        rules.devices,
        hosts=rules.hosts if rules.network != "on" else (),
    )


def cache_folders(managers: Iterable[str], home: Path | None = None) -> tuple[Path, ...]:
    """Returns where these package managers, keys of `places.CACHES`, keep what they fetched."""
    home = home or Path.home()
    return tuple(home / name for key in managers for name in CACHES[key])


def showing(policy: Policy, folders: Iterable[Path]) -> Policy:
    """Returns the policy with folders that are read where a private one would cover them.

    What the policy hides or lets be changed stays as it is.
    """
    shown = (one for one in folders if not policy.hides(one) and not policy.may_write(one))
    return replace(policy, readable=tuple(dict.fromkeys((*policy.readable, *shown))))


def reading_policy(policy: Policy, hidden: Iterable[Path] = ()) -> Policy:
    """Returns the policy without the right to change anything, and without network.

    What could be written can still be read, but for what is `hidden` in it.

    >>> policy = reading_policy(Policy((Path("/data/w"),), hidden=(Path("/data"),)))
    >>> policy.may_write(Path("/data/w/a.py")), policy.hides(Path("/data/w/a.py"))
    (False, False)
    """
    readable = (*policy.readable, *policy.writable)
    return replace(
        policy,
        writable=(),
        protected=(),
        hidden=(*policy.hidden, *_resolved(hidden)),
        network="off",
        hosts=(),
        readable=readable,
        network_entry=(),
    )


def _protected(writable: Iterable[Path], home: Path) -> Iterator[Path]:
    for folder in writable:
        yield from (folder / name for name in PROTECTED_NAMES)
        yield from _nested(folder)
        if home.is_relative_to(folder):
            yield from (home / name for name in HOME_STARTUP_FILES)


def _nested(root: Path) -> Iterator[Path]:
    """Protected names in subfolders, as in a repository with others inside."""
    waiting = deque([(root, 0)])
    looked_at = 0
    while waiting and looked_at < NESTED_FOLDERS_MAX:
        folder, depth = waiting.popleft()
        looked_at += 1
        for entry in _entries(folder):
            if depth and entry.name in NESTED_PROTECTED_NAMES:
                yield Path(entry.path)
            elif depth < NESTED_DEPTH_MAX and _is_searched(entry):
                waiting.append((Path(entry.path), depth + 1))


def _is_searched(entry: os.DirEntry[str]) -> bool:
    if entry.name in _SKIPPED_FOLDERS or entry.name in PROTECTED_NAMES:
        return False
    return entry.is_dir(follow_symlinks=False)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _homes_of_others() -> list[Path]:
    """The home folders of people; only root could look into them."""
    if os.geteuid() != 0:
        return []
    people = {Path(one.pw_dir) for one in pwd.getpwall() if one.pw_uid >= _FIRST_UID_OF_PEOPLE}
    return sorted(path for path in people if len(path.parts) > 2)


def _resolved(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The paths without links. One that is not there has none, which is soon found out."""
    found = (path.resolve() if os.path.lexists(path) else path for path in paths)
    return tuple(dict.fromkeys(found))


def _depth(path: Path, folders: Iterable[Path]) -> int:
    """How many parts the longest of the folders has that hold the path; 0 for none.

    The rule about the nearest folder counts: a workspace below a hidden folder may be
    written, and what is hidden in a workspace is hidden.
    """
    # Paths compare by a kept hash; `is_relative_to` would take a quarter of a second in all.
    outer = {path, *path.parents}
    return max((len(one.parts) for one in folders if one in outer), default=0)
