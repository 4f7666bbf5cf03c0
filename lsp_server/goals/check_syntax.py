"""This module reads and writes checks as they are spelled in the goals file.

To add a kind of check: its key in KEYS, and a case in each of the two functions.
"""

from __future__ import annotations

import difflib
import re
from typing import assert_never

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import Check, CommandCheck, DiagnosticsCheck, FileCheck
from lsp_server.text.excerpt import split_lines
from lsp_server.text.markdown import code_span

KEYS = ("check", "file", "diagnostics")

HOW_CHECK = "write it below a condition, indented: `  - check: `command``"
HOW_FILE = "write `  - file: `path`` or `  - file: `path` contains `text``"
HOW_DIAGNOSTICS = "write `  - diagnostics: no errors` or `… no warnings in `path``"

_SIMILAR = 0.75
"""The likeness, from 0 to 1, from which on a word is taken for a key with a typing error."""
_CODE = re.compile(r"(?<!`)(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)")
_NO_FINDINGS = re.compile(r"no (?P<worst>error|warning)s(?: in (?P<where>.+))?$")


def parse_check(key: str, value: str) -> Check | str:
    """Reads a check, or says what is wrong with it. `key` is in lower case.

    >>> parse_check("file", "`src/client.py` contains `Retry-After`")
    FileCheck(path='src/client.py', contains='Retry-After')
    >>> parse_check("chek", "`pytest`")
    '`chek:` means nothing here; did you mean `check:`?'
    """
    codes = list(_CODE.finditer(value))
    match key:
        case "check":
            return _command(value, codes)
        case "file":
            return _file(value, codes)
        case "diagnostics":
            wanted = _NO_FINDINGS.match(value)
            if wanted is None:
                return f"this means nothing; {HOW_DIAGNOSTICS}"
            under = _unquote(codes[0]) if codes else wanted["where"] or ""
            return DiagnosticsCheck(under, "error" if wanted["worst"] == "error" else "warning")
        case _:
            closest = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.0)[0]
            return f"`{key}:` means nothing here; did you mean `{closest}:`?"


def format_check(check: Check) -> str:
    """Writes a check as `parse_check` reads it. Raises HoldfastError when it has several lines.

    >>> format_check(DiagnosticsCheck("src", "warning"))
    'diagnostics: no warnings in `src`'
    """
    match check:
        case CommandCheck(command):
            return f"check: {_quote(command)}"
        case FileCheck(path, contains):
            wanted = "" if contains is None else f" contains {_quote(contains)}"
            return f"file: {_quote(path)}{wanted}"
        case DiagnosticsCheck(under, worst):
            return f"diagnostics: no {worst}s" + (f" in {_quote(under)}" if under else "")
        case _:
            assert_never(check)


def resembles_key(word: str) -> bool:
    """Returns whether a word is nearly the key of a check."""
    return bool(difflib.get_close_matches(word, KEYS, n=1, cutoff=_SIMILAR))


def _command(value: str, codes: list[re.Match[str]]) -> Check | str:
    if not value.strip("` \t"):
        return f"the command is missing; {HOW_CHECK}"
    if not value.startswith("`"):
        return CommandCheck(value)
    if len(codes) == 1 and codes[0].span() == (0, len(value)):
        return CommandCheck(_unquote(codes[0]))
    return f"the command does not end where the line ends; {HOW_CHECK}"


def _file(value: str, codes: list[re.Match[str]]) -> Check | str:
    words = _CODE.sub("`", value).split()
    match codes, words:
        case [path], ["`"] | ["`", "exists"]:
            return FileCheck(_unquote(path))
        case [path, text], ["`", "contains", "`"]:
            return FileCheck(_unquote(path), _unquote(text))
        case [], [path] if "`" not in path:
            return FileCheck(path)
        case _:
            return f"this means nothing; {HOW_FILE}"


def _quote(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise HoldfastError(f"a check is one line; put {split_lines(text)[0]!r} … into a script")
    return code_span(text)


def _unquote(code: re.Match[str]) -> str:
    """The text of a code span: one space on both sides is padding, as in CommonMark."""
    text = code["code"]
    padded = len(text) > 2 and text[0] == text[-1] == " " and text.strip()
    return text[1:-1] if padded else text
