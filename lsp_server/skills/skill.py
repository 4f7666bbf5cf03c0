"""A `Skill` is a folder with a `SKILL.md`: what an agent should know for one kind of work.

The rules are those of the specification, https://agentskills.io/specification. A skill
that breaks one is named with the line, and used all the same where that can be done.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

from lsp_server.settings.regular_files import read_whole
from lsp_server.skills.front_matter import (
    FrontMatter,
    FrontMatterError,
    read_front_matter,
)
from lsp_server.skills.source import Origin, Problem
from lsp_server.system.folder_walk import walk_folders
from lsp_server.text.count import count_of

SKILL_FILE = "SKILL.md"
FILE_BYTES_MAX = 200_000
FILES_MAX = 200
FILES_BYTES_MAX = 5_000_000
"""A skill with more files, or larger ones, is not used, as nobody could have looked at it."""

NAME_CHARS_MAX = 64
DESCRIPTION_CHARS_MAX = 1024
COMPATIBILITY_CHARS_MAX = 500
FIELDS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")


@dataclass(frozen=True, slots=True)
class Skill:
    """A `Skill` is one skill as it lies on the disk.

    `files` are those beside `SKILL.md`, relative to `folder`. `fingerprint` changes with
    the text of any of them.
    """

    noun: ClassVar[str] = "skill"

    name: str
    description: str
    body: str
    folder: Path
    files: tuple[str, ...]
    origin: Origin
    fingerprint: str

    @property
    def path(self) -> Path:
        """Returns the path of its `SKILL.md`."""
        return self.folder / SKILL_FILE


def read_skill(folder: Path, origin: Origin) -> tuple[Skill | None, tuple[Problem, ...]]:
    """Reads the skill in a folder; None, with the reason, when it cannot be used. Blocking."""
    path = folder / SKILL_FILE
    try:
        digest, files = _contents(folder, follows_links=origin == "user")
        text = read_whole(path, FILE_BYTES_MAX).decode("utf-8")
        head = read_front_matter(text)
    except FrontMatterError as error:
        return None, (Problem(path, error.line, str(error)),)
    except UnicodeDecodeError:
        return None, (Problem(path, 0, "the file is no UTF-8 text"),)
    except OSError as error:
        return None, (Problem(path, 0, f"it cannot be read: {error.strerror or error}"),)
    problems = tuple(_problems(head, path))
    name, description = head.text("name") or folder.name, head.text("description")
    if not description:
        return None, problems
    skill = Skill(
        name[:NAME_CHARS_MAX],
        description[:DESCRIPTION_CHARS_MAX],
        head.body,
        folder,
        files,
        origin,
        digest,
    )
    return skill, problems


def read_file(skill: Skill, name: str) -> str:
    """Returns the text of a file of the skill. Blocking. Raises OSError, UnicodeDecodeError."""
    return read_whole(skill.folder / name, FILE_BYTES_MAX).decode("utf-8")


def _problems(head: FrontMatter, path: Path) -> Iterator[Problem]:
    for key in head.values:
        if key not in FIELDS:
            known = ", ".join(FIELDS)
            yield Problem(path, head.lines[key], f"{key!r} is no field of a skill; known: {known}")
    for key, problem in (
        *(("name", each) for each in _name_problems(head, path.parent.name)),
        *(("description", each) for each in _length_problems(head, "description")),
        *(("compatibility", each) for each in _length_problems(head, "compatibility")),
    ):
        yield Problem(path, head.lines.get(key, 0), problem)


def _name_problems(head: FrontMatter, folder: str) -> Iterator[str]:
    name = unicodedata.normalize("NFKC", head.text("name"))
    if not name:
        yield f"a skill needs a `name`, that of its folder: {folder}"
        return
    if len(name) > NAME_CHARS_MAX:
        yield f"the name is longer than {NAME_CHARS_MAX} characters"
    if name != name.lower() or not all(one.isalnum() or one == "-" for one in name):
        yield "a name has lowercase letters, digits and hyphens alone"
    if name.startswith("-") or name.endswith("-") or "--" in name:
        yield "a hyphen of a name stands alone between letters"
    if name != unicodedata.normalize("NFKC", folder):
        yield f"the name must be that of its folder, {folder!r}"


def _length_problems(head: FrontMatter, key: str) -> Iterator[str]:
    limit = {"description": DESCRIPTION_CHARS_MAX, "compatibility": COMPATIBILITY_CHARS_MAX}[key]
    value = head.values.get(key)
    if not isinstance(value, str | None) or (key == "description" and not head.text(key)):
        yield f"`{key}` must be a text that says what the skill is good for"
    elif len(value or "") > limit:
        yield f"`{key}` is longer than {count_of(limit, 'character')}"


def _contents(folder: Path, *, follows_links: bool) -> tuple[str, tuple[str, ...]]:
    """Returns the fingerprint of a folder, and its files but SKILL.md.

    Raises OSError when that is too much to be looked at, and for a link that is not
    to be followed: a checkout may hold one that leads anywhere.
    """
    names = list(islice(_names(folder), FILES_MAX + 1))
    if len(names) > FILES_MAX:
        raise OSError(f"the folder has more than {FILES_MAX} files")
    digest, left = hashlib.sha256(), FILES_BYTES_MAX
    for name in names:
        path = folder / name
        if not follows_links and path.resolve() != folder.resolve() / name:
            raise OSError(f"{name} is a link, which a project's skill may not have")
        data = read_whole(path, left)
        left -= len(data)
        for part in (os.fsencode(name), data):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest(), tuple(name for name in names if name != SKILL_FILE)


def _names(folder: Path) -> Iterator[str]:
    for root, folders, files in walk_folders(folder):
        folders.sort()
        yield from sorted(str(Path(root, each).relative_to(folder)) for each in files)


def problems_of(folder: Path) -> tuple[Problem, ...]:
    """Returns what is wrong with the skill in a folder, by the specification. Blocking.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "pdf"
    >>> folder.mkdir()
    >>> _ = (folder / "SKILL.md").write_text("---\\nname: PDF\\ndescription: Reads them.\\n---\\n")
    >>> [(problem.line, problem.message) for problem in problems_of(folder)]
    [(1, 'a name has lowercase letters, digits and hyphens alone'), (1, "the name must be that of its folder, 'pdf'")]
    """
    return read_skill(folder, "project")[1]
