"""This module says whether a text parses, for the few languages that Python has a parser for."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from lsp_server.settings import toml

Parses: TypeAlias = Callable[[Path, str], int | None]
"""Counts the syntax errors in the text of a file; None if the language is not known."""

TEXT_CHARS_MAX = 1_000_000
"""Longer texts are not parsed."""


def syntax_errors(path: Path, text: str) -> int | None:
    """Returns 0 or 1 for Python, JSON and TOML by the file's name, None for anything else.

    Parsers stop at the first error. Call it off the event loop.

    >>> syntax_errors(Path("a.py"), "x = "), syntax_errors(Path("a.py"), "x = 1")
    (1, 0)
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None or len(text) > TEXT_CHARS_MAX:
        return None
    try:
        parse(text)
    except (RecursionError, MemoryError, toml.TooDear):
        return None
    except (SyntaxError, ValueError):
        return 1
    return 0


def no_grammar(path: Path, text: str) -> int | None:
    """Knows no language, so that nothing looks wrong."""
    del path, text
    return None


_PARSERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {".py": ast.parse, ".pyi": ast.parse, ".json": json.loads, ".toml": toml.loads}
)
