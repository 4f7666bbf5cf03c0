"""What files that are for secrets hold: `.env` and its like, YAML, JSON and `.netrc`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from lsp_server.redaction.randomness import looks_random
from lsp_server.redaction.secrets import CHOSEN_CHARS_MIN, is_dummy, is_path, longest_first

_NAMED = r"(?:pass|pwd|secret|token|key|credential)"
_ASSIGNED = re.compile(
    r"^[ \t]*(?P<off>\#[ \t]*)?(?:export\s+|-\s+)?[\"']?(?P<name>[\w.-]+)[\"']?[ \t]*[:=][ \t]*"
    r"(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|(?P<bare>\S[^\n]*))",
    re.MULTILINE | re.DOTALL,
)
"""A name and its value, which in quotes may have several lines; also one that is commented out."""
_SECRET_NAME = re.compile(_NAMED, re.IGNORECASE)
_IN_JSON = re.compile(
    rf"\"(?P<name>[\w.-]{{0,60}}{_NAMED}[\w.-]{{0,60}})\"\s*:\s*\"(?P<value>[^\"\n]{{6,200}})\"",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"\bpassword\s+(?P<value>\S{6,200})", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"://[^\s:/@]*:(?P<value>[^\s@/]+)@")
_NO_SECRET = re.compile(
    r"(?:true|false|none|null|example|changeme|change_me|placeholder|your[\w -]*|x{4,}|\*{3,}|<.*>|\$\{.*\})",
    re.IGNORECASE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def secrets_in_file(text: str) -> tuple[str, ...]:
    """The secrets in such a file, the longest first.

    What a name calls secret, what stands as a password in an address, and what looks
    random; all else may be a word of every day.
    """
    found = {value for match in _ASSIGNED.finditer(text) for value in _of_assignment(match)}
    in_json = (one for one in _IN_JSON.finditer(text) if not is_dummy(one["name"], one["value"]))
    others = (*in_json, *_LOGIN.finditer(text))
    found |= {match["value"] for match in others if not _NO_SECRET.fullmatch(match["value"])}
    for match in _IN_ADDRESS.finditer(text):
        found |= {value for value in (match["value"], unquote(match["value"])) if _is_long(value)}
    return longest_first(value for value in found if not is_path(value))


def _of_assignment(match: re.Match[str]) -> Iterator[str]:
    """Its value as it is written and as it is meant, each line of it too."""
    for value in set(_meanings(match)):
        named = _SECRET_NAME.search(match["name"]) and not _NO_SECRET.fullmatch(value)
        if (match["off"] and " " in value) or is_dummy(match["name"], value):
            continue  # A sentence, or a word that stands for a key.
        if (named and _is_long(value)) or looks_random(value):
            yield value
            lines = map(str.strip, value.splitlines())
            yield from (line for line in lines if _is_long(line) and not line.startswith("-----"))


def _meanings(match: re.Match[str]) -> Iterator[str]:
    if match["double"] is not None:
        yield match["double"]
        yield re.sub(
            r"\\(.)", lambda each: _ESCAPES.get(each[1], each[1]), match["double"], flags=re.DOTALL
        )
    elif match["single"] is not None:
        yield match["single"]
    else:
        yield match["bare"].partition(" #")[0].strip().rstrip(",").strip()


def _is_long(value: str) -> bool:
    return len(value) >= CHOSEN_CHARS_MIN
