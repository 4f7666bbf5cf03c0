"""`ProjectFacts` are the facts that a repository brings, which its team reviews as it does code."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.memories import FACTS_FILE, Fact
from lsp_server.memory.digest import digest
from lsp_server.memory.made_facts import new_fact
from lsp_server.session.extension_list import Extension
from lsp_server.session.trust import Trust, TrustItem
from lsp_server.settings.regular_files import read_whole
from lsp_server.text.count import count_of

KIND = "facts"
FACTS_MAX = 50
"""Each one is in the prompt of every run."""
FILE_BYTES_MAX = 64_000

_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_ITEM = re.compile(r"^[-*+] +(.*\S)")
_GOES_ON = re.compile(r"^ +(\S.*)")


@dataclass(frozen=True, slots=True)
class _Read:
    """What the file has: its text and facts, or why it cannot be used."""

    text: str = ""
    facts: tuple[Fact, ...] = ()
    problem: str = ""


class ProjectFacts:
    """`ProjectFacts` reads the facts in the project at `root`, and tells those that a person trusts.

    The disk is read for each question, in a thread. Trust holds for one text of the file.
    """

    def __init__(self, root: Path, trust: Trust) -> None:
        self._path = root / FACTS_FILE
        self._trust = trust

    async def told(self) -> tuple[Fact, ...]:
        """Returns the facts, none unless a person trusted the file as it is."""
        return await asyncio.to_thread(self._told)

    async def brought(self) -> tuple[TrustItem, ...]:
        """Returns the file as one thing to trust; nothing where it has no fact."""
        read = await asyncio.to_thread(self._read)
        return (_item(read),) if read.facts else ()

    async def extensions(self) -> tuple[Extension, ...]:
        """Returns the file as an extension, with what is wrong with it."""
        return await asyncio.to_thread(self._extensions)

    def _told(self) -> tuple[Fact, ...]:
        read = self._read()
        is_trusted = bool(read.facts) and self._trust.state(_item(read)) == "trusted"
        return read.facts if is_trusted else ()

    def _extensions(self) -> tuple[Extension, ...]:
        read = self._read()
        if read.problem:
            problem = read.problem
            return (
                Extension(KIND, FACTS_FILE, "", "project", "new", "", problem, path=self._path),
            )
        if not read.facts:
            return ()
        item = _item(read)
        state = self._trust.state(item)
        return (
            Extension(
                KIND, FACTS_FILE, item.summary, "project", state, path=self._path, trust_id=item.id
            ),
        )

    def _read(self) -> _Read:
        try:
            text = read_whole(self._path, FILE_BYTES_MAX).decode()
        except FileNotFoundError:
            return _Read()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            return _Read(problem=f"it cannot be read: {reason}")
        facts = {fact.id: fact for fact in (new_fact(one, "person") for one in facts_in(text))}
        if len(facts) > FACTS_MAX:
            return _Read(
                problem=f"it has {count_of(len(facts), 'fact')}, and {FACTS_MAX} are told at most"
            )
        return _Read(text, tuple(facts.values()))


def facts_in(text: str) -> Iterator[str]:
    """Yields the items of the lists of a Markdown text that begin a line; all else is for people.

    >>> list(facts_in("# How we work\\n\\n- Tests run with\\n  `make check`.\\nAnd so on.\\n* Never force-push."))
    ['Tests run with `make check`.', 'Never force-push.']
    """
    fact, is_code = "", False
    for line in text.splitlines():
        is_fence = _FENCE.match(line) is not None
        is_code ^= is_fence
        begins = None if is_fence or is_code else _ITEM.match(line)
        goes_on = None if is_fence or is_code or not fact else _GOES_ON.match(line)
        if goes_on is not None:
            fact += f" {goes_on[1].rstrip()}"
            continue
        if fact:
            yield fact
        fact = begins[1] if begins else ""
    if fact:
        yield fact


def _item(read: _Read) -> TrustItem:
    summary = f"{count_of(len(read.facts), 'fact')} that each run is told"
    return TrustItem(KIND, summary, read.text, digest(read.text))
