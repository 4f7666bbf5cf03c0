"""Secrets in text, found by their shape and blacked out before anything is stored.

A known shape is enough for keys that announce themselves; a value beside a word
such as `password` must also look random, so that code that handles passwords
stays readable. To add a kind: add a row to SHAPES and one to its test.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

VALUE_ENTROPY_BITS_MIN = 3.0
"""Of each character; words have about 2.5, random base64 of 20 characters above 4."""
VALUE_CHARS_MIN = 8
LONE_VALUE_ENTROPY_BITS_MIN = 3.5
LONE_VALUE_CHARS_MIN = 16

OPENS, CLOSES = "\u2039", "\u203a"
"""Around a mark, rare in code: single angle quotation marks."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One of `marks` must be in the text before the pattern is tried, which is slower.

    The group `secret` is what goes; without one, all that matches.
    """

    kind: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, marks: str, pattern: str) -> Shape:
    return Shape(kind, tuple(marks.split()), re.compile(pattern))


SHAPES: tuple[Shape, ...] = (
    _shape(
        "private-key",
        "-----BEGIN",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[^-]{16,}?"
        r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    ),
    _shape("aws-key", "AKIA ASIA ABIA ACCA", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    _shape("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b"),
    _shape("github-token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,255}\b"),
    _shape("gitlab-token", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    _shape(
        "slack-token",
        "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-",
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    ),
    _shape(
        "slack-hook", "hooks.slack", r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,})"
    ),
    _shape("google-key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    _shape("stripe-key", "k_live_ k_test_", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{20,}"),
    _shape("model-key", "sk-", r"\bsk-(?:[a-z]+\d*-)*[A-Za-z0-9_-]{20,}"),
    _shape("package-token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    _shape("package-token", "pypi-", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    _shape("mail-key", "SG.", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    _shape(
        "json-web-token",
        "eyJ",
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    ),
    _shape(
        "url-password",
        "://",
        r"(?<=[a-z0-9+])://[^\s:/@'\"<>{}$%()]*:(?P<secret>[^\s:/@'\"<>{}$%()]{3,})@(?=[\w\[])",
    ),
    _shape("bearer-token", "Bearer bearer", r"\b[Bb]earer\s+(?P<secret>[A-Za-z0-9_~+/.-]{20,}=*)"),
)

_VALUE = re.compile(
    r"[\w\"'\]]\s*(?:=>|:=|[:=])\s*"
    r"(?:(?P<quote>[\"'`])(?P<quoted>[^\"'`\s]{8,200})(?P=quote)"
    r"|(?P<bare>[A-Za-z0-9+/_~.!@#$%^&*-]{16,200}={0,2})(?=\s*$))",
    re.MULTILINE,
)
"""What is given to a name, in quotes or as the rest of a line."""
_SECRET_NAME = re.compile(
    r"(?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|auth_?key|"
    r"credential)[\w-]{0,20}[\"'\]]{0,2}$",
    re.IGNORECASE,
)
_NAME_CHARS_MAX = 60
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|placeholder|changeme|change_me|your|insert|redacted|xxxx|\*\*\*|\.\.\.|"
    r"1234567|abcdef|test|[<>{}()\[\]]|%[sd(]|\$\{?\w|://|\\[dws]",
    re.IGNORECASE,
)

NAMES = (
    ".env",
    ".netrc",
    ".pgpass",
    ".npmrc",
    ".pypirc",
    ".htpasswd",
    "credentials",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "secrets.json",
    "secrets.yaml",
    "secrets.yml",
    "secrets.toml",
)
SUFFIXES = (
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".asc",
    ".gpg",
    ".tfstate",
)
HARMLESS = (".example", ".sample", ".template", ".dist")


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with its secrets replaced; line breaks stay, so lines keep their numbers."""

    text: str
    count: int


def redact(text: str) -> Redacted:
    """Equal secrets become equal marks, which says nothing else of them."""
    count = 0
    for shape in SHAPES:
        if any(mark in text for mark in shape.marks):
            text, found = shape.pattern.subn(partial(_mark, shape.kind), text)
            count += found
    for start, end in reversed(list(_named_values(text))):
        text = text[:start] + _label("value", text[start:end]) + text[end:]
        count += 1
    return Redacted(text, count)


def holds_secrets(path: str) -> bool:
    """Whether a file is for secrets by its name, so that nothing in it should be read."""
    name = PurePosixPath(path).name.lower()
    if name.endswith(HARMLESS):
        return False
    return name in NAMES or name.startswith(".env.") or name.endswith(SUFFIXES)


def _mark(kind: str, match: re.Match[str]) -> str:
    if "secret" not in match.re.groupindex:
        return _label(kind, match.group())
    whole, start = match.group(), match.start()
    return (
        whole[: match.start("secret") - start]
        + _label(kind, match["secret"])
        + whole[match.end("secret") - start :]
    )


def _label(kind: str, secret: str) -> str:
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return f"{OPENS}redacted:{kind}:{digest}{CLOSES}" + "\n" * secret.count("\n")


def _named_values(text: str) -> Iterator[tuple[int, int]]:
    """Where values stand that a name calls secret and that look random."""
    for match in _VALUE.finditer(text):
        start = match.start() + 1
        if not _SECRET_NAME.search(text[max(0, start - _NAME_CHARS_MAX) : start]):
            continue
        quoted = match["quoted"] is not None
        value = match["quoted"] or match["bare"]
        least = VALUE_ENTROPY_BITS_MIN if quoted else LONE_VALUE_ENTROPY_BITS_MIN
        if _looks_random(value, least, VALUE_CHARS_MIN if quoted else LONE_VALUE_CHARS_MIN):
            yield match.span("quoted" if quoted else "bare")


def _looks_random(value: str, entropy_bits_min: float, chars_min: int) -> bool:
    if len(value) < chars_min or value.startswith(OPENS) or _PLACEHOLDER.search(value):
        return False
    kinds = (str.isdigit, str.islower, str.isupper)
    mixed = sum(any(test(char) for char in value) for test in kinds)
    has_digit = any(char.isdigit() for char in value)
    if not has_digit and (mixed < 2 or len(value) < 2 * VALUE_CHARS_MIN or value.isidentifier()):
        return False
    return mixed >= 2 and entropy_bits(value) >= entropy_bits_min


def entropy_bits(text: str) -> float:
    """Shannon's, of each character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
