"""This module takes out of a new repository's settings what makes git run programs.

It keeps what `git init`, `git clone` and `git switch` write and drops all else, as
nearly every other setting of git can name a program.
"""

from __future__ import annotations

import re

HARMLESS = {
    "core": (
        *("repositoryformatversion", "filemode", "bare", "logallrefupdates", "ignorecase"),
        *("precomposeunicode", "symlinks", "autocrlf", "eol"),
    ),
    "remote": ("url", "fetch", "tagopt"),
    "branch": ("remote", "merge", "rebase"),
    "submodule": ("url", "active"),
    "user": ("name", "email"),
    "init": ("defaultbranch",),
    "extensions": ("objectformat", "refstorage", "compatobjectformat"),
}
"""Keys by section, in small letters."""

_SECTION = re.compile(r'\s*\[([\w.-]+)(?:\s+"[^"\\\n]*")?\]\s*(?:[#;].*)?$')
_KEY = re.compile(r"\s*([\w-]+)\s*(?:=|$)")


def harmless_lines(text: str) -> str:
    """Returns the settings without the lines that could make git run something.

    A line that is not understood, and one that goes on in the next, is such a line.

    >>> print(harmless_lines('[core]\\n bare = false\\n fsmonitor = ./x\\n[alias]\\n st = !x'))
    [core]
     bare = false
    """
    kept: list[str] = []
    section: tuple[str, ...] = ()
    goes_on = False
    for line in text.replace("\r\n", "\n").split("\n"):  # Git knows no other end of a line.
        begins, goes_on = not goes_on, line.endswith("\\")
        if not begins or goes_on:
            continue
        if found := _SECTION.match(line):
            section = HARMLESS.get(found[1].lower(), ())
            if section:
                kept.append(line)
        elif (key := _KEY.match(line)) and key[1].lower() in section:
            kept.append(line)
    return "\n".join(kept)
