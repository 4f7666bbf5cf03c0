"""Texts of any length that make a careless search for secrets slow.

What is matched in vain from many places, up to the same end, takes the square of its length.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_RUN = "aA1bB2cC3dD4eE5fF6gG7hH8"
_PIECES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "tokens that begin again and again": ("-eyJ", ""),
        "a token that begins once": ("", "a"),
        "a token behind hyphens": ("-eyJ", "a"),
        "beginnings, then a long run": ("eyJ", _RUN),
        "first parts of tokens": ("eyJ" + "a" * 12 + ".", ""),
        "tokens in tokens": ("sk-", ""),
        "words in hyphens": ("sk-a-", ""),
        "tokens of GitLab": ("gldt-", ""),
        "tokens of packages": ("pypi-", _RUN),
        "keys that do not end": ("-----BEGIN RSA PRIVATE KEY-----\n", ""),
        "a key that does not end": ("-----BEGIN RSA PRIVATE KEY-----\n" * 40, "A"),
        "keys with hyphens": ("-----BEGIN PRIVATE KEY-----\n" + "a-" * 40, ""),
        "headers of keys": ("-----BEGIN PRIVATE KEY-----\n" + "a: b\n" * 10, ""),
        "hyphens": ("-", ""),
        "addresses": ("://", ""),
        "addresses with users": ("a://b:", ""),
        "addresses with at signs": ("a://b:" + "c@" * 50, ""),
        "an address of at signs": ("a://b:", "@"),
        "names": ("token", ""),
        "names and spaces": ("token ", " "),
        "names and types": ("token: " + "a" * 30, ""),
        "names with colons": ("token:", ""),
        "names with equals signs": ("password=", ""),
        "values in quotes": ('token="', ""),
        "values in escaped quotes": ('password\\\\\\"=\\\\\\"', ""),
        "many values": (f'{{"token": "{_RUN}"}},', ""),
        "names of services": ("twitter ", " "),
        "names of services in quotes": ("discord\"'\"'", ""),
        "a name of a service and spaces": ("atlassian", " "),
        "flags": ("--password ", ""),
        "flags of users": ("-u a:", ""),
        "cookies": ("cookie=", ""),
        "cookies in a row": ("Cookie: " + "a=b; " * 12, ""),
        "headers": ("Authorization: Basic ", "a"),
        "logins": ('"auth": "', "a"),
        "numbers in base64": ("MTA", ""),
        "numbers in base64 with dots": ("MTA" + "a" * 22 + ".", ""),
        "hashes": ("$2b$10$", ""),
        "hashes with rounds": ("$6$rounds=1$", ""),
        "lines of keys": ("Private-Lines: 1\n" + "AAAA\n" * 9, ""),
        "base64": (_RUN + "+/", ""),
        "definitions": ("define('A_KEY', '", "a"),
        "programs with passwords": ("mysql -p", ""),
        "programs and options": ("mysql ", "a -"),
        "logins of a machine": ("login a password ", ""),
        "names in brackets": ("password>", "a"),
        "web keys": ('"k": "', "a"),
        "words in a row": ("seed words: ", "abc "),
        "folded values": ("token: >-\n ", ""),
        "ports of a database": (":5432:a:b", ""),
        "blank lines": ("\n", ""),
        "escapes": ("\\n", ""),
        "letters outside of ASCII": ("\u0130token=", ""),
        "marks": ("\u2039redacted:value:12345678\u203a", ""),
    }
)
HOSTILE = tuple(_PIECES)


def hostile(name: str, chars: int) -> str:
    """A text of at most so many characters: one piece repeated, then in half of them another."""
    piece, rest = _PIECES[name]
    pieces = chars // 2 if rest else chars
    text = piece * (pieces // len(piece)) if piece else ""
    return (text + rest * (chars // max(1, len(rest))))[:chars]
