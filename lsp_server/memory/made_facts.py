"""This module makes facts, and says what shows one; no database is needed for that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lsp_server.domain.memories import Fact, FactSource
from lsp_server.memory.digest import digest
from lsp_server.redaction.secrets import redact

TEXT_CHARS_MAX = 2_000
FACTS_MAX = 5_000
TOO_MANY = "too many facts are remembered; forget some first"


def new_fact(text: str, source: FactSource, evidence_id: str = "") -> Fact:
    """Makes a fact with secrets redacted, on one line: verified with evidence, else claimed.

    >>> new_fact("Tests  run with\\npytest", "person").text
    'Tests run with pytest'
    """
    text = " ".join(redact(text).text.encode("utf-8", "replace").decode().split())
    now = datetime.now(UTC).isoformat()
    return Fact(
        id=digest("fact", text)[:16],  # The same text again replaces the fact.
        text=text[:TEXT_CHARS_MAX],
        source=source,
        status="verified" if evidence_id else "claimed",
        at=now,
        checked_at=now,
        evidence_id=evidence_id,
    )


def merged_with(fact: Fact, other: Fact) -> Fact:
    """Returns a fact that also rests on what shows another one, which says the same.

    >>> one, other = new_fact("Run `make`", "runs", "runs: a"), new_fact("run `make`", "agent")
    >>> merged_with(one, other).merged == (other.id,)
    True
    """
    return replace(fact, merged=tuple(dict.fromkeys((*fact.merged, *_ids(other)))))


def parted_from(fact: Fact, other: Fact) -> Fact:
    """Returns a fact as it was before it was merged with another one."""
    return replace(fact, merged=tuple(one for one in fact.merged if one not in _ids(other)))


def evidence_id(command: str) -> str:
    """Returns the id of what a command shows by succeeding."""
    return f"command: {command}"


def lesson_evidence(lesson_id: str) -> str:
    """Returns the id of what past runs show, which a suggestion with this id has."""
    return f"runs: {lesson_id}"


def evidence_command(evidence: str) -> str:
    """Returns the command whose success is the evidence with this id; "" for other evidence."""
    prefix = evidence_id("")
    return evidence.removeprefix(prefix) if evidence.startswith(prefix) else ""


def _ids(fact: Fact) -> tuple[str, ...]:
    """The ids of a fact and of all that shows it."""
    return tuple(filter(None, (fact.id, fact.evidence_id, *fact.merged)))
