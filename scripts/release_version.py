"""This module writes a version into all files that have it, and its heading into the change log."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

PLACES = {
    "lsp_server/__init__.py": r'(?m)^__version__ = "(.+)"$',
    "editor-client/package.json": r'(?m)^  "version": "(.+)",$',
    "editor-client/package-lock.json": r'"name": "holdfast",\s+"version": "(.+)",',
    "editor-client/editors/emacs/holdfast.el": r"(?m)^;; Version: (.+)$",
    "editor-client/editors/zed/Cargo.toml": r'(?m)^version = "(.+)"$',
    "editor-client/editors/zed/extension.toml": r'(?m)^version = "(.+)"$',
    "registry/agent.json": r'"(?:version": "|package": "holdfast==)([^"]+)"',
}
"""Where the version stands: a file, and around it what it is found by."""

CHANGELOG = "CHANGELOG.md"
UNRELEASED = "## Unreleased\n"


class ReleaseRefused(Exception):
    """A `ReleaseRefused` says why no release is made; the person who makes it mends that."""


def prepare(root: Path, version: str, day: dt.date) -> None:
    """Writes a version and its heading. Raises ReleaseRefused, and has written nothing then."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ReleaseRefused(f"{version!r} is no version; write three numbers, as in 0.2.0")
    current = _version_of(root)
    if _numbers(version) < _numbers(current):
        raise ReleaseRefused(f"{version} is older than {current}, which is the version now")
    texts = {name: _with_version(root / name, place, version) for name, place in PLACES.items()}
    texts[CHANGELOG] = _with_heading((root / CHANGELOG).read_text("utf-8"), version, day)
    for name, text in texts.items():
        (root / name).write_text(text, "utf-8")


def _version_of(root: Path) -> str:
    name, place = next(iter(PLACES.items()))
    found = re.search(place, (root / name).read_text("utf-8"))
    return found[1] if found else "0.0.0"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _with_version(path: Path, place: str, version: str) -> str:
    text = path.read_text("utf-8")
    found = [match.span(1) for match in re.finditer(place, text)]
    if not found:
        raise ReleaseRefused(f"{path} has no version where it is looked for: {place}")
    for start, end in reversed(found):
        text = f"{text[:start]}{version}{text[end:]}"
    return text


def _with_heading(changes: str, version: str, day: dt.date) -> str:
    if f"\n## {version} " in changes:
        raise ReleaseRefused(f"{CHANGELOG} has {version} already; take the next version")
    before, heading, after = changes.partition(UNRELEASED)
    if not heading or not re.match(r"\s*[^\s#]", after):
        raise ReleaseRefused(f"{CHANGELOG} has nothing below {UNRELEASED.strip()!r} to release")
    return f"{before}{UNRELEASED}\n## {version} ({day.isoformat()})\n{after}"
