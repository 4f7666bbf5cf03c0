"""This module replaces secrets in texts, before anything is stored or sent to a model.

Secrets are found by their shape, or because their value is known. A known shape is
enough for keys that announce themselves; a value beside a word such as
`password` must also look random, so that code that handles passwords stays
readable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lsp_server.redaction.given_values import GIVEN_VALUES
from lsp_server.redaction.marks import MARK, mark_of
from lsp_server.redaction.own_shapes import OWN
from lsp_server.redaction.plain_texts import PlainTexts, text_key
from lsp_server.redaction.randomness import VALUE_CHARS_MIN, is_plain
from lsp_server.redaction.secret_shapes import GITLEAKS
from lsp_server.redaction.shapes import Shapes

SHAPES = Shapes(*OWN, *GITLEAKS, *GIVEN_VALUES)

_PLAIN = PlainTexts()
"""Texts without a shape; what is known by its value is looked for each time, as that changes."""

SECRET_VARIABLE = re.compile(
    r"(?:^|_)(?:KEY|TOKEN)(?:$|_)|(?:^|_)PASS$|_PWD$|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL",
    re.IGNORECASE,
)
_CHOSEN = re.compile("PASS|PWD|SECRET", re.IGNORECASE)
"""Names of what people choose themselves, often shorter than what a program makes."""
CHOSEN_CHARS_MIN = 6
_API_KEY = re.compile("api_?key$", re.IGNORECASE)
API_KEY_CHARS_MIN = 8

NAMES = (
    ".env",
    ".netrc",
    ".pgpass",
    ".npmrc",
    ".pypirc",
    ".htpasswd",
    "_netrc",
    ".git-credentials",
    ".dockercfg",
    ".dev.vars",
    ".my.cnf",
    ".s3cfg",
    ".boto",
    ".vault-token",
    "kubeconfig",
    "service-account.json",
    "credentials",
    "credentials.json",
    "credentials.yaml",
    "credentials.yml",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "secrets.json",
    "secrets.yaml",
    "secrets.yml",
    "secrets.toml",
)
SUFFIXES = (
    ".env",
    ".tfvars",
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
    """`Secrets` are values that are secret whatever they look like, the longest first.

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
        """Returns a digest of a value in 8 hexadecimal digits."""
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self.key, digest_size=4).hexdigest()

    def within(self, text: str) -> tuple[str, ...]:
        """Returns the values that a text contains."""
        return tuple(value for value in self.values if value in text)


NO_SECRETS = Secrets()


@dataclass(slots=True)
class Redacted:
    """`Redacted` is a text whose secrets are replaced; line breaks stay, so lines keep their numbers.

    `secrets` has the secret of each marker, line breaks included.
    """

    text: str
    known: Secrets = NO_SECRETS
    count: int = 0
    secrets: dict[str, str] = field(default_factory=dict)

    def mark(self, kind: str, secret: str) -> str:
        """Returns the mark that replaces a secret from now on."""
        mark = mark_of(kind, self.known.digest_of(secret), secret.count("\n"))
        self.count += 1
        self.secrets[mark] = secret
        return mark


def redact(text: str, known: Secrets = NO_SECRETS) -> Redacted:
    """Replaces the secrets of a text. Equal secrets become equal marks, which reveal nothing else."""
    redacted = Redacted(text, known)
    if found := known.within(text):
        # Marks of an earlier time are looked over: a secret may be one of their words.
        any_of = re.compile("|".join((MARK.pattern, *map(re.escape, found))))
        text = any_of.sub(lambda match: _known(match.group(), redacted), text)
    key = text_key(text)
    if key in _PLAIN:
        redacted.text = text
        return redacted
    at, pieces = 0, []
    for start, end, kind in SHAPES.found_in(text):
        pieces += [text[at:start], redacted.mark(kind, text[start:end])]
        at = end
    if not pieces:
        _PLAIN.add(key)
    redacted.text = "".join(pieces) + text[at:]
    return redacted


def _known(text: str, redacted: Redacted) -> str:
    return text if MARK.fullmatch(text) else redacted.mark("known", text)


_OFF = re.compile(r"\s*#\s*(?:export\s+)?[\w.]+\s*=\s*\S+\s*$")
"""An assignment that is commented out; its value may still be good."""
_VARIABLE = re.compile(r"\s*(?:#\s*)?(?:export\s+)?[^\W\d][\w.]*\s*$")


def redact_values(text: str, known: Secrets = NO_SECRETS) -> Redacted:
    """Replaces every value of a file for secrets; only comments and names stay."""
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
    """Says whether a file is for secrets by its name, so that nothing in it should be read."""
    name = PurePosixPath(path).name.lower()
    if name.endswith(HARMLESS):
        return False
    return name in NAMES or name.startswith(".env.") or name.endswith(SUFFIXES)


def secrets_in_environment(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the values of variables whose names say that they are secret, longest first."""
    values = {
        value
        for name, value in environment.items()
        if SECRET_VARIABLE.search(name) and len(value) >= _chars_min(name)
        if not is_path(value) and not is_dummy(name, value)
    }
    return longest_first(values)


def is_api_key(key: str) -> bool:
    """Says whether a value is a real API key, not a word that a local server takes for one.

    Such a word, as in `ollama`, `x` or `lm-studio`, occurs in many texts and is no secret.
    """
    return len(key) >= API_KEY_CHARS_MIN and not is_plain(key)


def is_dummy(name: str, value: str) -> bool:
    """Says whether a name promises an API key and its value is none."""
    return _API_KEY.search(name) is not None and not is_api_key(value)


def _chars_min(name: str) -> int:
    return CHOSEN_CHARS_MIN if _CHOSEN.search(name) else VALUE_CHARS_MIN


def longest_first(values: Iterable[str]) -> tuple[str, ...]:
    """Orders secrets so that none is cut by one that it contains."""
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def is_path(value: str) -> bool:
    """Says whether a value names a file; base64 may have a slash too."""
    if not value.startswith(("/", "~/", "./", "../")):
        return False
    return value.count("/") > 2 or "." in value or not any(char.isdigit() for char in value)
