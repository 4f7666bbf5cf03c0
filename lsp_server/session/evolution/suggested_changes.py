"""`SuggestedChanges` makes true what a person accepted, be it about a fact or a file."""

from __future__ import annotations

from lsp_server.evolution.suggestion import FILE_KINDS, Suggestion
from lsp_server.session.evolution.suggested_facts import SuggestedFacts
from lsp_server.session.evolution.suggested_files import SuggestedFiles


class SuggestedChanges:
    """`SuggestedChanges` gives each suggestion to what changes its kind: facts, skills and commands, and nothing else."""

    def __init__(self, facts: SuggestedFacts, files: SuggestedFiles) -> None:
        self._facts = facts
        self._files = files

    async def apply(self, one: Suggestion, text: str) -> Suggestion:
        """Makes the change, with a text that a person may have edited; returns it as accepted.

        Raises NotHoldfasts for a file that is a person's own.
        """
        if one.kind in FILE_KINDS:
            return await self._files.apply(one, text)
        if one.kind == "retire_skill":
            return await self._files.retire(one)
        return await self._facts.apply(one, text)

    async def take_back(self, done: Suggestion) -> None:
        """Undoes a change. Raises NotHoldfasts for a file that was edited since."""
        if done.kind in FILE_KINDS:
            await self._files.take_back(done)
        elif done.kind == "retire_skill":
            await self._files.bring_back(done)
        else:
            await self._facts.take_back(done)
