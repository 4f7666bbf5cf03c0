"""A `WrittenFile` is a Markdown file that a person wrote for the agent, with or without a head."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from lsp_server.settings.regular_files import read_whole
from lsp_server.skills.front_matter import FENCE, FrontMatter, FrontMatterError, read_front_matter
from lsp_server.skills.source import Problem

FILE_BYTES_MAX = 100_000

_NAME = re.compile(r"[\w.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A `WrittenFile` has the head and the body of a file; `fingerprint` changes with its text."""

    head: FrontMatter
    fingerprint: str

    @property
    def body(self) -> str:
        """Returns the text behind the head."""
        return self.head.body.strip()


def read_written_file(path: Path) -> WrittenFile | Problem:
    """Reads a file, or says why it cannot be used. Blocking."""
    try:
        data = read_whole(path, FILE_BYTES_MAX)
        text = data.decode("utf-8").replace("\r\n", "\n")
        head = read_front_matter(text) if text.startswith(FENCE) else FrontMatter({}, {}, text)
    except FrontMatterError as error:
        return Problem(path, error.line, str(error))
    except UnicodeDecodeError:
        return Problem(path, 0, "the file is no UTF-8 text")
    except OSError as error:
        return Problem(path, 0, f"it cannot be read: {error.strerror or error}")
    return WrittenFile(head, hashlib.sha256(data).hexdigest())


def can_be_typed(name: str) -> bool:
    """Says whether a name is one word of letters, digits and a few signs.

    >>> can_be_typed("git:commit"), can_be_typed("a b")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None
