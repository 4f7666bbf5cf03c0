"""This module reads a commit of a repository, and what the files of now have otherwise.

Git is run as in `git_revision.py`: nothing that the repository names is started, no hook
and no filter.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.git.git_index import write_index
from lsp_server.workspace.git.git_revision import Git, switched_off

GIT_SECONDS_MAX = 300.0
LISTED_BYTES_MAX = 500_000_000
CHECKED_OUT_FILES = 1_000
CHECKED_OUT_BYTES = 20_000_000
"""Git is asked for so much at once."""
CONTENT_BYTES_MAX = 20_000_000

COMMIT = re.compile(r"[0-9a-f]{40,64}")
FILE_MODES = ("100644", "100755")
LINKED_REPOSITORY = "160000"
FORBIDDEN_PARTS = frozenset({"", ".", "..", ".git"})

_FILTERS = (
    r"config --includes --name-only -z --get-regexp "
    r"'^filter\..*\.(clean|process|required)$' || test $? = 1"
)
_DIFF = (
    "--no-pager diff --name-only -z --relative --no-renames --no-ext-diff --no-textconv "
    "--ignore-submodules=all"
)


@dataclass(frozen=True, slots=True)
class GitBlob:
    """A `GitBlob` is the content of a file: git's id of it, and its size in bytes."""

    id: str
    size: int


@dataclass(frozen=True, slots=True)
class GitTree:
    """A `GitTree` reads the commits of the repository that `root`, a folder of it, is in.

    All paths are relative to `root`. Each method raises ConfigurationError when git fails
    or is slow.
    """

    git: Git

    @classmethod
    def of(cls, root: Path, commands: CommandRunner) -> GitTree:
        """Returns the tree of a folder, with the limits of large repositories."""
        return cls(Git(root, commands, GIT_SECONDS_MAX, LISTED_BYTES_MAX))

    async def commit(self, name: str = "HEAD") -> str:
        """Returns the full id of a commit by its name."""
        asked = shlex.quote(f"{name}^{{commit}}")
        found = await self._run(f"rev-parse --verify --quiet --end-of-options {asked}")
        return found.strip()

    async def has(self, commit: str) -> bool:
        """Says whether the repository has this commit, by its full id."""
        if not COMMIT.fullmatch(commit):
            return False
        return await self.git.run(f"cat-file -e {commit}^{{commit}}") is not None

    async def origin(self) -> str:
        """Returns the address of the remote `origin`; empty without one."""
        return (await self.git.run("config --get remote.origin.url") or "").strip()

    async def files(self, commit: str) -> dict[str, GitBlob]:
        """Returns the contents of all regular files of a commit, by path."""
        return dict(_blobs(await self._run(f"ls-tree -r -l -z {commit}")))

    async def differing(self, commit: str) -> frozenset[str]:
        """Returns the paths whose files of now are not those of the commit.

        It names files that are changed, new or gone, and folders that are repositories of
        their own, with a slash at the end.
        """
        settings = await self._settings()
        tracked, others, linked = await asyncio.gather(
            self._run(f"{_DIFF} {commit} -- .", settings),
            self._run("ls-files --others --exclude-standard -z -- .", settings),
            self._run(f"ls-files --stage -z -- . | grep -z '^{LINKED_REPOSITORY}' || true"),
        )
        folders = (line.partition("\t")[2] + "/" for line in linked.split("\0") if line)
        return frozenset(filter(None, (*tracked.split("\0"), *others.split("\0"), *folders)))

    async def check_out(
        self, files: Mapping[str, GitBlob], tracked: Collection[str], folder: Path
    ) -> None:
        """Writes these files below `folder`, which becomes a repository that tracks `tracked`.

        The bytes are git's own: no filter and no attribute changes them. Of a file above
        CONTENT_BYTES_MAX only the size is there.
        """
        await asyncio.to_thread(_make_repository, folder / ".git", tracked)
        waiting: list[tuple[str, GitBlob]] = []
        size = 0
        for path, blob in files.items():
            if blob.size > CONTENT_BYTES_MAX:
                await asyncio.to_thread(_write_hollow, folder / path, blob.size)
                continue
            waiting.append((path, blob))
            size += blob.size
            if len(waiting) >= CHECKED_OUT_FILES or size >= CHECKED_OUT_BYTES:
                await self._write(waiting, folder)
                waiting, size = [], 0
        if waiting:
            await self._write(waiting, folder)

    async def _write(self, blobs: Sequence[tuple[str, GitBlob]], folder: Path) -> None:
        ids = " ".join(blob.id for _, blob in blobs)
        # As text, since what a command prints is one.
        output = await self._run(f"cat-file --batch <<< \"$(printf '%s\\n' {ids})\" | base64 -w 0")
        await asyncio.to_thread(_write_all, base64.b64decode(output), blobs, folder)

    async def _settings(self) -> dict[str, str]:
        return switched_off((await self._run(_FILTERS)).split("\0"))

    async def _run(self, arguments: str, settings: Mapping[str, str] | None = None) -> str:
        done = await self.git.run(arguments, settings or {})
        if done is None:
            what = next(word for word in arguments.split() if not word.startswith("-"))
            raise ConfigurationError(
                f"`git {what}` failed in {self.git.root}; it has to be a git repository with a commit"
            )
        return done


def _blobs(listed: str) -> Iterator[tuple[str, GitBlob]]:
    for line in filter(None, listed.split("\0")):
        facts, _, path = line.partition("\t")
        mode, _, name, size = facts.split()
        # A tree that somebody forged could name a place outside.
        if mode in FILE_MODES and FORBIDDEN_PARTS.isdisjoint(path.split("/")):
            yield path, GitBlob(name, int(size))


def _make_repository(own: Path, tracked: Collection[str]) -> None:
    for name in ("objects", "refs"):
        (own / name).mkdir(parents=True)
    (own / "HEAD").write_text("0" * 40 + "\n")
    write_index(own, tracked)


def _write_hollow(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.truncate(path, size)


def _write_all(output: bytes, blobs: Sequence[tuple[str, GitBlob]], folder: Path) -> None:
    at = 0
    for path, blob in blobs:
        # A line with id, kind and size comes before each content, and one break behind it.
        start = output.index(b"\n", at) + 1
        at = start + blob.size + 1
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(output[start : at - 1])


def repository_name(origin: str, root: Path) -> str:
    """Returns the name of a repository: its address without scheme, user and `.git`, or its folder's.

    One that lies on this machine is named by its folder alone.

    >>> repository_name("git@github.com:acme/rocket.git", Path("/w/rocket"))
    'github.com/acme/rocket'
    >>> repository_name("https://user:key@github.com/acme/rocket", Path("/w/rocket"))
    'github.com/acme/rocket'
    >>> repository_name("", Path("/w/rocket")), repository_name("/srv/rocket.git", Path("/w/r"))
    ('rocket', 'rocket')
    """
    address = origin.strip().rstrip("/").removesuffix(".git").rstrip("/")
    if not address or address.startswith(("/", ".", "~", "file:")):
        return Path(address).name or root.name
    rest = address.partition("://")[2] if "://" in address else address.replace(":", "/", 1)
    return rest.rpartition("@")[2]
