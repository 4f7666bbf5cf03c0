"""This module finds the files of a project that a hook's command names, so that a person sees them.

Trust in a command is trust in what it runs: `sh guard.sh` says nothing without `guard.sh`.
A file that the command only writes into is none of them, as a log changes all the time.
What such a file loads in turn is not looked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lsp_server.text.count import count_of
from lsp_server.tools.shell_syntax import Command, Word, parse, word_set

PROJECT_VARIABLES = ("CLAUDE_PROJECT_DIR", "HOLDFAST_PROJECT_DIR")
"""Environment variables that hold the path of the workspace while a hook runs."""
TEXT_CHARS_MAX = 200_000
"""So much of a file is shown; its digest is of all of it."""
GLOB_FILES_MAX = 200
NESTING_MAX = 4

_PROJECT = re.compile(
    rf"\$(?:{'|'.join(PROJECT_VARIABLES)})\b|\$\{{(?:{'|'.join(PROJECT_VARIABLES)})[^}}]*\}}"
)
_PIECES = re.compile(r"[\s;&|()<>\"'`=]+")
_RUNS_ITS_ARGUMENTS = word_set(
    ". bash bun bunx command dash deno env eval exec fish ksh lua nice node nohup npx perl php "
    "poetry pwsh python python3 ruby sh source sudo tcsh time timeout uv uvx xargs zsh"
)
_WRITING = frozenset({">", ">>", ">|", "&>", "&>>"})


@dataclass(frozen=True, slots=True)
class Script:
    """A `Script` is a file of the project that a hook's command names; `text` says so if it is none."""

    path: str
    text: str
    digest: str


def scripts(command: str, root: Path) -> tuple[Script, ...]:
    """Returns the files of the project at `root` that a command names, as they are now. Blocking."""
    return tuple(_script(path, root) for path in _files(_words(command), root))


def runs_files_of(command: str, root: Path) -> bool:
    """Says whether a command runs a file of the project at `root`, as far as it shows. Blocking."""
    return any(True for _ in _files(_words(command, only_run=True), root))


def _words(command: str, depth: int = 0, *, only_run: bool = False) -> list[str]:
    """The words of a command that may name a file, without those that it writes into."""
    # The shell is in the root of the project.
    text = _PROJECT.sub(".", command)
    script = parse(text)
    if not script.understood:
        return [one for one in _PIECES.split(text) if one]
    words: list[str] = []
    for each in script.everything():
        for word in _read_words(each, only_run=only_run):
            words.append(word)
            if depth < NESTING_MAX and re.search(r"\s", word):
                words += _words(word, depth + 1, only_run=only_run)
    return words


def _read_words(command: Command, *, only_run: bool) -> Iterator[str]:
    words: Sequence[Word] = command.program_words
    program = words[0].text.rpartition("/")[2] if words else ""
    # What `cd` enters is where the next names are looked for.
    if only_run and program not in _RUNS_ITS_ARGUMENTS and program not in ("cd", "pushd"):
        words = words[:1]
    read = [word for operator, word in command.redirections if operator not in _WRITING]
    for before, word in zip(("", *(one.text for one in words)), words, strict=False):
        yield word.text
        if before == "-m":
            name = word.text.replace(".", "/")
            yield from (f"{name}.py", f"{name}/__main__.py", f"{name}/__init__.py")
    if not only_run:
        yield from (word.text for word in (*read, *command.assignments))


def _files(words: Sequence[str], root: Path) -> Iterator[Path]:
    names = list(dict.fromkeys(name for word in words for name in _names_in(word)))
    folders = [root, *(path for name in names if (path := _inside(root / name, root)).is_dir())]
    seen: set[Path] = set()
    for folder in dict.fromkeys(folders):
        for name in names:
            for path in _matches(folder, name):
                found = _inside(path, root)
                if found not in seen and found.is_file():
                    seen.add(found)
                    yield found


def _names_in(word: str) -> Iterator[str]:
    """The word, what follows a `=` in it, and its ends, as its start may be a folder at run time."""
    for text in dict.fromkeys((word, word.partition("=")[2])):
        if "\0" in text or not text:
            continue
        yield text
        parts = text.split("/")
        yield from filter(None, ("/".join(parts[start:]) for start in range(1, len(parts))))


def _matches(folder: Path, name: str) -> Iterator[Path]:
    yield folder / name
    if re.search(r"[*?\[]", name) and not name.startswith(("/", "~")) and "**" not in name:
        try:
            yield from islice(sorted(folder.glob(name)), GLOB_FILES_MAX)
        except (ValueError, OSError, NotImplementedError):
            return


def _inside(path: Path, root: Path) -> Path:
    """The path with links followed; the null device for one that is not in the project."""
    nowhere = Path("/dev/null")
    try:
        found = path.resolve()
        return found if found.is_relative_to(root) and found != root else nowhere
    except (OSError, ValueError, RuntimeError):
        return nowhere


def _script(path: Path, root: Path) -> Script:
    name = path.relative_to(root).as_posix()
    try:
        with path.open("rb") as file:
            head = file.read(TEXT_CHARS_MAX)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        return Script(name, f"({error})", "unreadable")
    if b"\0" in head:
        return Script(name, f"(no text, {count_of(size, 'byte')})", digest)
    more = f"\n(and {count_of(size - len(head), 'byte')} more)" if size > len(head) else ""
    return Script(name, head.decode("utf-8", "replace") + more, digest)
