"""This module finds secrets in text and replaces them by markers.

Secrets are found by their shape, or because their value is known. A known shape is
enough for keys that announce themselves; a value beside a word such as
`password` must also look random, so that code that handles passwords stays
readable. To add a kind: add a row to SHAPES and one to its test.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

VALUE_ENTROPY_BITS_MIN = 3.0
"""Of each character; words have about 2.5, random base64 of 20 characters above 4."""
VALUE_CHARS_MIN = 8
LONE_VALUE_ENTROPY_BITS_MIN = 3.2
LONE_VALUE_CHARS_MIN = 16

OPENS, CLOSES = "\u2039", "\u203a"
"""Around a mark, rare in code: single angle quotation marks."""
MARK = re.compile(rf"{OPENS}redacted:[a-z-]+:[0-9a-f]{{4,8}}{CLOSES}\n*")


@dataclass(frozen=True, slots=True)
class Shape:
    """A `Shape` is a kind of secret; one of `marks` must be in the text before `pattern` is tried.

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
        r"(?<=[a-z0-9+])://[^\s:/@'\"<>{}$%()]*:(?!(?i:pass(?:word|wd)?|pwd|secret|tiger)@)"
        r"(?P<secret>[^\s:/@'\"<>{}$%()]{3,})@(?=[\w\[])",
    ),
    _shape("bearer-token", "Bearer bearer", r"\b[Bb]earer\s+(?P<secret>[A-Za-z0-9_~+/.-]{20,}=*)"),
)

_SECRET_NAMES = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    *(
        f"{what}{mark}key"
        for what in ("api", "access", "private", "auth")
        for mark in ("", "_", "-")
    ),
)
"""One of them is in every name that calls its value a secret."""
_GIVEN = re.compile(
    r"[\w-]{0,20}[\\\"'\]]{0,16}\s*(?:=>|:=|:\s*[\w.|\[\] ]{1,30}=|[:=>])\s*"
    r"(?:(?P<quote>\\{0,7}[\"'`])(?P<quoted>[^\"'`\s]{8,200})(?P=quote)"
    r"|(?P<bare>[A-Za-z0-9+/_~.!@#$%^&*-]{16,200}={0,2})(?=[\s\"'\\<,;&|)]|$))"
)
"""What follows such a name: its value in quotes, which may be escaped, or up to the next mark."""
_FLAGS = (
    re.compile(
        r"--(?:[\w-]{1,20}-)?(?:password|passwd|pass|passphrase|secret|token|api-?key|access-?key)"
        r"[ =][\\\"']{0,8}(?P<value>[^\s\"'\\]{8,200})",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:^|\s)(?:-u|--user)[ =][\\\"']{0,8}[\w.@+-]{1,60}:(?P<value>[^\s\"':\\]{8,200})"
    ),
)
"""What is given to a flag of a command."""
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|placeholder|changeme|change_me|your|insert|redacted|xxxx|\*\*\*|\.\.\.|"
    r"1234567|abcdef|test|[<>{}()\[\]]|%[sd(]|\$\{?\w|://|\\[dws]",
    re.IGNORECASE,
)

SECRET_VARIABLE = re.compile(
    r"(?:^|_)(?:KEY|TOKEN)(?:$|_)|(?:^|_)PASS$|_PWD$|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL",
    re.IGNORECASE,
)
_CHOSEN = re.compile("PASS|PWD|SECRET", re.IGNORECASE)
"""Names of what people choose themselves, often shorter than what a program makes."""
CHOSEN_CHARS_MIN = 6

NAMES = (
    ".env",
    ".netrc",
    ".pgpass",
    ".npmrc",
    ".pypirc",
    ".htpasswd",
    "credentials",
    "credentials.json",
    "credentials.yaml",
    "credentials.yml",
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
class Secrets:
    """A `Secrets` has values that are secret whatever they look like, the longest first.

    `key` goes into the markers: with a person's own, nobody else can find out from a
    marker whether a guess is right.
    """

    values: tuple[str, ...] = ()
    key: bytes = b""
    digest: str = field(init=False, compare=False)
    """The digest of all values; empty when there are none."""

    def __post_init__(self) -> None:
        # Computed once: an index asks for it with every file.
        digest = self.digest_of("\0".join(self.values)) if self.values else ""
        object.__setattr__(self, "digest", digest)

    def digest_of(self, text: str) -> str:
        """Returns the digest of a text: 8 hexadecimal digits."""
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self.key, digest_size=4).hexdigest()

    def within(self, text: str) -> tuple[str, ...]:
        """Returns the values that occur in a text."""
        return tuple(value for value in self.values if value in text)


NO_SECRETS = Secrets()


@dataclass(slots=True)
class Redacted:
    """A `Redacted` is a text with its secrets replaced; line breaks stay, so lines keep their numbers.

    `secrets` has the secret of each marker, line breaks included.
    """

    text: str
    known: Secrets = NO_SECRETS
    count: int = 0
    secrets: dict[str, str] = field(default_factory=dict)

    def mark(self, kind: str, secret: str) -> str:
        """Makes the marker of a secret and keeps both."""
        digest = self.known.digest_of(secret)
        mark = f"{OPENS}redacted:{kind}:{digest}{CLOSES}" + "\n" * secret.count("\n")
        self.count += 1
        self.secrets[mark] = secret
        return mark


def redact(text: str, known: Secrets = NO_SECRETS) -> Redacted:
    """Replaces the secrets in a text. Equal secrets get equal markers, which reveal nothing else.

    >>> redact("token = 'hunter2'").count
    0
    >>> redact("the key is hunter2", Secrets(("hunter2",))).count
    1
    """
    redacted = Redacted(text, known)
    for secret in known.within(text):
        if secret in redacted.text:
            redacted.text = redacted.text.replace(secret, redacted.mark("known", secret))
    for shape in SHAPES:
        if any(mark in redacted.text for mark in shape.marks):
            _black_out(shape, redacted)
    for start, end in reversed(list(_named_values(redacted.text))):
        mark = redacted.mark("value", redacted.text[start:end])
        redacted.text = redacted.text[:start] + mark + redacted.text[end:]
    return redacted


_OFF = re.compile(r"\s*#\s*(?:export\s+)?[\w.]+\s*=\s*\S+\s*$")
"""An assignment that is commented out; its value may still be good."""
_VARIABLE = re.compile(r"\s*(?:#\s*)?(?:export\s+)?[^\W\d][\w.]*\s*$")


def redact_values(text: str, known: Secrets = NO_SECRETS) -> Redacted:
    """Redacts a file that is secret by its name: only comments and the names of values stay.

    >>> redact_values("# local\\nPORT=8000").text.split("=")[0]
    '# local\\nPORT'
    """
    redacted = Redacted(text, known)
    lines: list[str] = []
    for line in text.split("\n"):
        name, separator, value = line.partition("=")
        if not line.strip() or (line.lstrip().startswith("#") and not _OFF.match(line)):
            lines.append(line)
        elif separator and _VARIABLE.match(name):
            lines.append(name + separator + (redacted.mark("value", value) if value else ""))
        else:
            lines.append(redacted.mark("value", line))
    redacted.text = "\n".join(lines)
    return redacted


def is_secret_file(path: str) -> bool:
    """Returns True when a file is for secrets by its name, so that nothing in it should be read.

    >>> is_secret_file("config/.env.local"), is_secret_file(".env.example")
    (True, False)
    """
    name = PurePosixPath(path).name.lower()
    if name.endswith(HARMLESS):
        return False
    return name in NAMES or name.startswith(".env.") or name.endswith(SUFFIXES)


def secrets_in_environment(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the values of variables whose names say that they are secret, longest first."""
    values = {
        value
        for name, value in environment.items()
        if SECRET_VARIABLE.search(name) and len(value) >= _chars_min(name) and not is_path(value)
    }
    return longest_first(values)


def _chars_min(name: str) -> int:
    return CHOSEN_CHARS_MIN if _CHOSEN.search(name) else VALUE_CHARS_MIN


def longest_first(values: Iterable[str]) -> tuple[str, ...]:
    """Returns the values with the longest first, so that no secret is cut by one that it contains."""
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def is_path(value: str) -> bool:
    """Returns True when a value names a file rather than being a secret itself."""
    # Base64 has a slash now and then, so one alone says little.
    if not value.startswith(("/", "~/", "./", "../")):
        return False
    return value.count("/") > 2 or "." in value or not any(char.isdigit() for char in value)


def _black_out(shape: Shape, redacted: Redacted) -> None:
    whole = "secret" not in shape.pattern.groupindex

    def replaced(match: re.Match[str]) -> str:
        if whole:
            return redacted.mark(shape.kind, match.group())
        text, start = match.group(), match.start()
        before, after = match.start("secret") - start, match.end("secret") - start
        return text[:before] + redacted.mark(shape.kind, match["secret"]) + text[after:]

    redacted.text = shape.pattern.sub(replaced, redacted.text)


def _named_values(text: str) -> Iterator[tuple[int, int]]:
    """The spans of values that a name calls secret and that look random, in order."""
    end = 0
    for span in sorted({*_given_to_names(text), *_given_to_flags(text)}):
        if span[0] >= end:
            yield span
            end = span[1]


def _given_to_flags(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _FLAGS if " -" in text else ():
        for match in pattern.finditer(text):
            if looks_random(match["value"], VALUE_ENTROPY_BITS_MIN, VALUE_CHARS_MIN):
                yield match.span("value")


def _given_to_names(text: str) -> Iterator[tuple[int, int]]:
    lowered = _lowered(text)
    for name in _SECRET_NAMES:
        at = lowered.find(name)
        while at >= 0:
            end = at + len(name)
            if (match := _GIVEN.match(text, end)) and (span := _random_span(match)):
                yield span
            at = lowered.find(name, end)


def _lowered(text: str) -> str:
    """The text in lower case, as long as it was."""
    # Some letters outside of ASCII become two in lower case.
    if text.isascii():
        return text.lower()
    return re.sub("[A-Z]+", lambda match: match.group().lower(), text)


def _random_span(match: re.Match[str]) -> tuple[int, int] | None:
    if match["quoted"] is not None:
        random = looks_random(match["quoted"], VALUE_ENTROPY_BITS_MIN, VALUE_CHARS_MIN)
        return match.span("quoted") if random else None
    random = looks_random(match["bare"], LONE_VALUE_ENTROPY_BITS_MIN, LONE_VALUE_CHARS_MIN)
    return match.span("bare") if random else None


def looks_random(
    value: str,
    entropy_bits_min: float = LONE_VALUE_ENTROPY_BITS_MIN,
    chars_min: int = VALUE_CHARS_MIN,
) -> bool:
    """Returns True when a value looks made by a program rather than written by a person."""
    if len(value) < chars_min or value.startswith(OPENS) or _PLACEHOLDER.search(value):
        return False
    kinds = (str.isdigit, str.islower, str.isupper)
    mixed = sum(any(test(char) for char in value) for test in kinds)
    has_digit = any(char.isdigit() for char in value)
    named = value.replace(".", "_").isidentifier()
    if not has_digit and (mixed < 2 or len(value) < 2 * VALUE_CHARS_MIN or named):
        return False
    return mixed >= 2 and entropy_bits(value) >= entropy_bits_min


def entropy_bits(text: str) -> float:
    """Returns the Shannon entropy of a text, in bits for each character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
