"""Undo gives back what was there: bytes, modes, kinds, links and folders, whatever a run did."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lsp_server.domain.errors import HoldfastError
from lsp_server.workspace.checkpoints import ignored_files
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.sampling import sampled
from tests.workspace.undoable_run import Run

Manifest: TypeAlias = Mapping[str, tuple[str, object, object]]
"""By path: kind, mode, and content or target."""

NAMES = ("a", "b", "A", "sub", "é")
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
CONTENTS = st.sampled_from(
    [
        b"",
        b"one\ntwo\nthree\nfour\nfive\n",
        b"one\r\ntwo\r\n",
        "cafe\u0301 caf\xe9\n".encode("utf-16"),
        "caf\xe9\nb\n".encode("latin-1"),
        "caf\xe9\nb\n".encode(),
        "\ufeffmarked\n".encode(),
        b"\0binary\xff",
        b"no end",
    ]
)
MODES = st.sampled_from([0o600, 0o640, 0o444, 0o644, 0o755, 0o400, 0o777, 0o664])
FOLDER_MODES = st.sampled_from([0o755, 0o700, 0o775, 0o555])
TARGETS = st.sampled_from(["a", "nowhere", "../outside/kept", "/dev/null", "sub", "."])


@dataclass(frozen=True)
class Effect:
    """Something that happens to a path, by the tool that edits or by a command."""

    by: str
    kind: str
    path: str
    data: bytes = b""
    other: str = ""
    mode: int = 0o644


def write(path: Path, other: Path, effect: Effect) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink():
        path.write_bytes(effect.data)


def replace(path: Path, other: Path, effect: Effect) -> None:
    path.unlink(missing_ok=True)
    write(path, other, effect)


def append(path: Path, other: Path, effect: Effect) -> None:
    with path.open("ab") as file:
        file.write(effect.data)


def move(path: Path, other: Path, effect: Effect) -> None:
    other.parent.mkdir(parents=True, exist_ok=True)
    path.rename(other)


def move_behind_link(path: Path, other: Path, effect: Effect) -> None:
    move(path, other, effect)
    path.symlink_to(other)


def symlink(path: Path, other: Path, effect: Effect) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(effect.other)


def make_folder(path: Path, other: Path, effect: Effect) -> None:
    if path.is_file() or path.is_symlink():
        path.unlink()
    path.mkdir(parents=True, mode=effect.mode | 0o700)


def folder_to_file(path: Path, other: Path, effect: Effect) -> None:
    shutil.rmtree(path)
    path.write_bytes(effect.data)


def recode(path: Path, other: Path, effect: Effect) -> None:
    path.write_bytes(path.read_bytes().decode("latin-1").encode("utf-8"))


KINDS: Mapping[str, Callable[[Path, Path, Effect], object]] = {
    "write": write,
    "replace": replace,
    "append": append,
    "truncate": lambda path, other, effect: os.truncate(path, 1),
    "chmod": lambda path, other, effect: path.chmod(
        effect.mode if path.is_file() else effect.mode | 0o500
    ),
    "move": move,
    "move behind link": move_behind_link,
    "remove": lambda path, other, effect: path.unlink(),
    "link": lambda path, other, effect: other.hardlink_to(path),
    "symlink": symlink,
    "folder": make_folder,
    "folder to file": folder_to_file,
    "remove folder": lambda path, other, effect: shutil.rmtree(path),
    "recode": recode,
    "mark": lambda path, other, effect: path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes()),
}
ON_LINKS = {"write", "replace", "move", "remove", "symlink", "folder"}
"""What is done to a link itself; the rest would go through it."""

TWO_PLACES = {"move", "move behind link", "link"}

EFFECTS = st.builds(
    Effect,
    by=st.sampled_from(["command", "command", "edit"]),
    kind=st.sampled_from(list(KINDS)),
    path=PATHS,
    data=CONTENTS,
    other=PATHS | TARGETS,
    mode=MODES,
)


def apply(root: Path, effect: Effect) -> None:
    """Does as a command would, as far as it can be done, within the folder."""
    path, other = root / effect.path, root / effect.other
    places = (path, other) if effect.kind in TWO_PLACES else (path,)
    if any(os.path.realpath(place.parent) != str(place.parent) for place in places):
        return
    if path.is_symlink() and effect.kind not in ON_LINKS:
        return
    with suppress(OSError):
        KINDS[effect.kind](path, other, effect)


async def happen(run: Run, effect: Effect) -> None:
    if effect.by == "command":
        await run.command(lambda: apply(run.root, effect))
        return
    path = run.root / effect.path
    if os.path.realpath(path) == str(path):
        with suppress(HoldfastError, OSError, UnicodeError):
            await run.edit(effect.path, effect.data.decode("latin-1").lstrip("\ufeff"))


def manifest(root: Path) -> dict[str, tuple[str, object, object]]:
    found: dict[str, tuple[str, object, object]] = {}
    for path in sorted(root.rglob("*")):
        state, name = path.lstat(), path.relative_to(root).as_posix()
        if stat.S_ISLNK(state.st_mode):
            found[name] = ("link", None, path.readlink())
        elif stat.S_ISDIR(state.st_mode):
            found[name] = ("folder", stat.S_IMODE(state.st_mode), None)
        else:
            found[name] = ("file", stat.S_IMODE(state.st_mode), path.read_bytes())
    return found


SETUPS = st.lists(
    EFFECTS.filter(lambda effect: effect.kind in ("write", "symlink", "folder", "chmod", "link")),
    max_size=8,
)


THROUGH_A_LINK = [
    Effect("command", "write", "a/b"),
    Effect("command", "write", "b/a"),
    Effect("command", "move behind link", "b", other="a/a"),
]
"""A file that was made, whose folder was moved: its path leads through a link by now."""


@settings(max_examples=sampled(150))
@given(SETUPS, st.lists(EFFECTS, min_size=1, max_size=8))
@example([], THROUGH_A_LINK)
def test_undo_gives_back_all_that_was_there(setup: list[Effect], effects: list[Effect]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = (Path(temporary) / "project").resolve()
        root.mkdir()
        outside = lay_out(root.parent / "outside", {"kept": "kept\n"})
        for effect in setup:
            apply(root, effect)
        before, untouched = manifest(root), manifest(outside)

        async def happens() -> tuple[str, ...]:
            run = Run(root)
            for effect in effects:
                await happen(run, effect)
            report = await run.undo()
            assert manifest(root) == before
            assert not (await run.undo()).restored
            return tuple(conflict.reason for conflict in report.conflicts)

        reasons = asyncio.run(happens())
        assert all("a file of its own now" in reason for reason in reasons), reasons
        assert manifest(outside) == untouched
        assert manifest(root) == before


IGNORED: dict[str, str | bytes] = {
    ".gitignore": ".env\n*.sqlite3\nlocal/\nnode_modules/\nbuild/\n*.pyc\nsrc/made/\n",
    ".env": "KEY=1\n",
    "dev.sqlite3": b"SQLite\0data",
    "local/settings/a.toml": "x = 1\n",
    "src/made/keep.txt": "by hand\n",
    "src/a.py": "a = 1\n",
    "untracked.txt": "new\n",
}
REMADE: dict[str, str | bytes] = {
    "node_modules/m/index.js": "1",
    "build/a.o": "1",
    "src/a.pyc": "1",
}


@pytest.mark.parametrize(
    "command",
    [
        "git clean -fdxq",
        "git clean -fdq",
        "rm -rf .env local src",
        "find . -name '*.sqlite3' -delete",
        "echo lost > .env; : > dev.sqlite3",
        "mv local elsewhere; rm -r elsewhere",
        "git checkout -q -- .",
        "git reset -q --hard",
        "git -c user.name=A -c user.email=a@b stash -q -u && git stash drop -q",
        "echo untracked.txt >> .gitignore; rm untracked.txt",
        "chmod 644 .env",
    ],
)
async def test_what_git_ignores_and_nothing_makes_anew_comes_back(
    project: Path, command: str
) -> None:
    lay_out(project, IGNORED)
    committed(project)
    lay_out(project, REMADE)
    lay_out(project, {"src/a.py": "a = 2  # not committed\n", "more.txt": "m\n"})
    (project / ".env").chmod(0o600)
    before = {path: manifest(project).get(path) for path in [*IGNORED, "more.txt"]}
    run = Run(project)
    await run.command(lambda: subprocess.run(command, shell=True, cwd=project, check=True))
    assert not [change for change in run.changes if change.path in REMADE]
    report = await run.undo()
    assert report.conflicts == ()
    assert {path: manifest(project).get(path) for path in before} == before


@pytest.mark.parametrize(
    "commands",
    [
        ("rm file && mkdir file",),
        ("rm file && mkdir file && touch file/within",),
        ("rm link && mkdir link && touch link/a",),
        ("mv folder moved && ln -s moved folder",),
        ("mv folder moved && ln -s moved folder", "rm -r moved folder"),
        ("mv folder/sub moved && ln -s ../moved folder/sub",),
        ("mv folder ../moved && ln -s ../moved folder",),
        ("rm link && mv folder link && ln -s link folder",),
        ("rm link && cp -r folder link && rm -r folder && ln -s link folder",),
        ("mv local moved && ln -s moved local",),
        ("rm -r folder && mkfifo folder",),
    ],
    ids=" then ".join,
)
async def test_what_something_else_takes_the_place_of_comes_back(
    project: Path, commands: tuple[str, ...]
) -> None:
    lay_out(project, {"file": "1\n", "folder/a": "2\n", "folder/sub/b": "3\n"})
    lay_out(project, {".gitignore": ".env\nlocal/\n", ".env": "KEY=1\n", "local/a": "4\n"})
    (project / "link").symlink_to("folder")
    before = manifest(project)
    run = Run(project)
    for command in commands:
        await run.command(partial(subprocess.run, command, shell=True, cwd=project, check=True))
    assert (await run.undo()).conflicts == ()
    after = manifest(project)
    assert {path: after.get(path) for path in before} == before


async def test_of_what_is_ignored_only_so_much_is_kept(project: Path) -> None:
    lay_out(project, {".gitignore": "data/\n.env\n", ".env": "KEY=1\n"})
    lay_out(project, {f"data/{number:04}": "x" for number in range(ignored_files.FILES_MAX + 100)})
    run = Run(project)
    await run.command(lambda: shutil.rmtree(project / "data"))
    kept = [change.path for change in run.changes if change.path.startswith("data/")]
    assert len(kept) == ignored_files.FILES_MAX - 1
    assert (await run.undo()).conflicts == ()
    assert len(list((project / "data").iterdir())) == len(kept)


async def test_what_is_made_among_ignored_files_does_not_count(project: Path) -> None:
    lay_out(project, {".gitignore": "data/\n", "data/a": "1"})
    run = Run(project)
    assert await run.command(lambda: lay_out(project, {"data/b": "2", "data/a": "2"})) == ["data/a"]
