"""`SuggestedFacts` makes what a suggestion says of facts true, and takes it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from lsp_server.domain.ids import Id
from lsp_server.domain.memories import Fact, FactSource, FactStatus
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.memory.made_facts import lesson_evidence, merged_with, new_fact, parted_from
from lsp_server.session.memory.session_facts import SessionFacts


class SuggestedFacts:
    """`SuggestedFacts` changes facts of Holdfast's own alone; a person's stay as they are."""

    def __init__(self, facts: SessionFacts) -> None:
        self._facts = facts

    async def apply(self, one: Suggestion, text: str) -> Suggestion:
        """Makes the change, with a text that a person may have edited; returns it as accepted."""
        text = " ".join(text.split())
        match one.kind:
            case "keep_fact":
                source: FactSource = "runs" if text == one.text else "person"
                await self._keep(new_fact(text, source, lesson_evidence(one.id)))
            case "retire_fact":
                # First, so that its evidence is not lost where this is killed in between.
                await self._join(one, merged_with)
                one = replace(one, before=await self._set_status(one.target, one.becomes))
            case _:
                pass  # It is a person's own, which is looked at only.
        return replace(one, state="accepted", applied=text)

    async def take_back(self, done: Suggestion) -> None:
        """Undoes a change: what was kept is told no more, what was retired is told again."""
        match done.kind:
            case "keep_fact":
                await self._set_status(new_fact(done.applied, "runs").id, "stale")
            case "retire_fact":
                await self._set_status(done.target, done.before or "verified")
                await self._join(done, parted_from)
            case _:
                pass

    async def _keep(self, fact: Fact) -> None:
        """Keeps a fact, unless a person said the same themselves: then it is told already, as theirs."""
        if not any(one.id == fact.id and _is_theirs(one) for one in await self._facts.all()):
            await self._facts.keep(fact)

    async def _join(self, one: Suggestion, joined: Callable[[Fact, Fact], Fact]) -> None:
        """Changes what the fact rests on that stays, where one says the same as that which goes."""
        facts = {fact.id: fact for fact in await self._facts.all()}
        goes, stays = facts.get(one.target), facts.get(one.into)
        if goes is not None and stays is not None and not _is_theirs(stays):
            await self._facts.keep(joined(stays, goes))

    async def _set_status(self, fact_id: Id, status: FactStatus) -> FactStatus | Literal[""]:
        """Gives a fact a status and returns the one before; empty where it is no such fact."""
        for fact in await self._facts.all():
            if fact.id == fact_id and not _is_theirs(fact):
                now = datetime.now(UTC).isoformat()
                await self._facts.keep(replace(fact, status=status, checked_at=now))
                return fact.status
        return ""


def _is_theirs(fact: Fact) -> bool:
    """Says whether a person wrote a fact, and not only edited what was suggested."""
    return fact.source == "person" and not fact.evidence_id.startswith(lesson_evidence(""))
