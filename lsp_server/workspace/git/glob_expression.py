"""This module writes a glob of git as a regular expression that tries nothing twice.

It follows git's own matcher, oddities included. A glob such as `*a*a*b` has many
ways to cut a name into pieces; the first place where a piece stands is as good as
any later one, as what follows may begin anywhere behind it. So the time to match
grows with the path alone.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_SETS = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
"""The named sets of characters, as regular expressions have them within brackets."""

_STAR = "*"
_ANY_FOLDERS = "(?:.*/)?"
_ANYTHING = ".*"
_SHORTEST = {_ANY_FOLDERS: "(?:.*?/)??", _ANYTHING: ".*?"}


class NeverMatches(Exception):
    """The glob is malformed, so that git matches nothing with it."""


def expression_of(glob: str, *, in_name: bool, caseless: bool) -> str:
    """Returns the expression, without groups that capture, for `fullmatch` with DOTALL.

    With `in_name` there are no slashes to stop at; otherwise `**` between slashes
    stands for any folders. With `caseless` the text has to be in small letters, those of
    ASCII alone. Raises NeverMatches.

    >>> bool(re.fullmatch(expression_of("a/**/*.py", in_name=False, caseless=False), "a/b/c/d.py"))
    True
    """
    tokens = _Tokens(glob, in_name, caseless)
    first, *rest = _split(tokens, _SHORTEST)
    parts = [_block(first[1], ends=not rest)]
    for number, (deep, names) in enumerate(rest, 1):
        ends = number == len(rest)
        # A block between two deep stars ends with a slash: its first place is the best one.
        parts.append(
            deep + _block(names, ends=True)
            if ends
            else f"(?>{_SHORTEST[deep]}{_block(names, ends=False)})"
        )
    return "".join(parts)


def _split(tokens: Iterable[str], separators: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Cuts at the separators; each piece comes with the separator before it."""
    pieces: list[tuple[str, list[str]]] = [("", [])]
    for token in tokens:
        if token in separators:
            pieces.append((token, []))
        else:
            pieces[-1][1].append(token)
    return pieces


def _block(tokens: list[str], *, ends: bool) -> str:
    """Tokens with stars that stop at slashes; with `ends` the last star reaches the end."""
    (_, first), *pieces = _split(tokens, (_STAR,))
    text = "".join(first)
    for number, (_, piece) in enumerate(pieces, 1):
        is_last = ends and number == len(pieces)
        names = "".join(piece)
        text += f"[^/]*{names}" if is_last else f"(?>[^/]*?{names})"
    return text


@dataclass(slots=True)
class _Tokens:
    """Iterates over what a glob is made of: expressions of one character, and stars."""

    glob: str
    in_name: bool
    caseless: bool
    at: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[str]:
        while self.at < len(self.glob):
            yield self._next()

    def _next(self) -> str:
        char = self.glob[self.at]
        if char == "*":
            return self._stars()
        self.at += 1
        match char:
            case "?":
                return "[^/]"
            case "[":
                return self._brackets()
            case "\\":
                return self._exactly(self._take())
            case _:
                return re.escape(char.lower() if self._never_seen(char) else char)

    def _take(self) -> str:
        if self.at == len(self.glob):
            raise NeverMatches
        self.at += 1
        return self.glob[self.at - 1]

    def _stars(self) -> str:
        start = self.at
        while self.glob[self.at : self.at + 1] == "*":
            self.at += 1
        after = self.glob[self.at : self.at + 2]
        begins = start == 0 or self.glob[start - 1] == "/"
        is_deep = self.at - start > 1 and begins and not self.in_name
        if not is_deep or (after and after[0] != "/" and after != "\\/"):
            return _STAR
        if after[:1] == "/":
            self.at += 1
            return _ANY_FOLDERS
        return _ANYTHING

    def _brackets(self) -> str:
        negated = self.glob[self.at : self.at + 1] in ("!", "^") and self.at < len(self.glob)
        self.at += negated
        members: list[str] = []
        before = ""
        first = True
        while first or self.glob[self.at : self.at + 1] != "]":
            first = False
            before, member = self._member(before)
            members.append(member)
        self.at += 1
        inside = "".join(members)
        if not inside and not negated:
            raise NeverMatches
        return f"(?!/)[{'^' * negated}{inside}]" if inside else "[^/]"

    def _member(self, before: str) -> tuple[str, str]:
        """One part of a set: the character that may begin a range with the next, and the part."""
        char = self._take()
        if char == "\\":
            char = self._take()
            return char, self._one(char)
        if char == "-" and before and self.glob[self.at : self.at + 1] not in ("", "]"):
            end = self._take()
            return "", self._range(before, self._take() if end == "\\" else end)
        if char == "[" and self.glob[self.at : self.at + 1] == ":":
            named = self._named()
            if named is not None:
                return "", named
        return char, self._one(char)

    def _named(self) -> str | None:
        """A set with a name, as `[:alpha:]` within brackets; None when it does not end like one."""
        end = self.glob.find("]", self.at + 1)
        if end < 0:
            raise NeverMatches
        name = self.glob[self.at + 1 : end]
        if not name.endswith(":"):
            return None
        name = name[:-1]
        if name not in _SETS:
            raise NeverMatches
        self.at = end + 1
        return _SETS["alpha"] if self.caseless and name in ("lower", "upper") else _SETS[name]

    def _range(self, first: str, last: str) -> str:
        if first > last:
            return ""
        small = (c.lower() for c in string.ascii_uppercase if self.caseless and first <= c <= last)
        return f"{_escaped(first)}-{_escaped(last)}{''.join(small)}"

    def _one(self, char: str) -> str:
        return "" if self._never_seen(char) else _escaped(char)

    def _exactly(self, char: str) -> str:
        if self._never_seen(char):
            raise NeverMatches
        return re.escape(char)

    def _never_seen(self, char: str) -> bool:
        """Whether it cannot be in a text that was put in small letters."""
        return self.caseless and char in string.ascii_uppercase


def _escaped(char: str) -> str:
    return f"\\{char}" if char in r"\]^-[&~|" else char
