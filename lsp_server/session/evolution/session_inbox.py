"""A `SessionInbox` takes the answers of people to what evolution suggests, and shows what waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.ids import Id
from lsp_server.evolution.inbox import Inbox, NoSuchSuggestion
from lsp_server.evolution.inbox_document import INBOX_FILE, differs
from lsp_server.evolution.inbox_groups import TITLES, grouped
from lsp_server.evolution.suggestion import KEPT_KINDS, Suggestion, SuggestionState
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.evolution.inbox_file import InboxFile
from lsp_server.session.evolution.suggested_changes import SuggestedChanges


class EditUnreadable(HoldfastError):
    """A person edited a suggestion in the document in a way that leaves open what they mean."""


class SessionInbox:
    """A `SessionInbox` is the inbox of a workspace, with its document `file`.

    `on_change` is called when the inbox has changed, with the number of suggestions that are new.
    """

    def __init__(
        self,
        kept: Inbox,
        file: InboxFile,
        suggested: SuggestedChanges,
        redactor: Redactor,
        on_change: Callable[[int], None],
    ) -> None:
        self.kept = kept
        self.file = file
        self._suggested = suggested
        self._redactor = redactor
        self._on_change = on_change
        # An editor may take long to make a change, and the inbox be another one by then.
        self._showing = asyncio.Lock()
        self.waiting: tuple[Suggestion, ...] = ()
        """The suggestions that waited when the inbox was last read."""

    async def refresh(self) -> tuple[Suggestion, ...]:
        """Reads the inbox and returns the suggestions that wait."""
        self.waiting = await asyncio.to_thread(self.kept.open)
        return self.waiting

    async def all(self) -> Sequence[Suggestion]:
        """Returns all suggestions, answered ones too, oldest first."""
        return await asyncio.to_thread(self.kept.all)

    async def ids_of(self, group: str, *, only_shown: bool) -> tuple[Id, ...]:
        """Returns the ids of what waits in a group, or only of what the document shows of it.

        Raises NoSuchSuggestion for a group that is not there.
        """
        known = {one.name: one for one in grouped(await self.refresh())}
        if group not in known:
            names = ", ".join(known) or "none, as nothing waits"
            unknown = "nothing waits in" if group in TITLES else "there is no"
            raise NoSuchSuggestion(f"{unknown} group {group!r}; groups that wait: {names}")
        meant = known[group].shown if only_shown else known[group].suggestions
        return tuple(one.id for one in meant)

    async def accept(self, *ids: Id) -> Sequence[Suggestion]:
        """Makes the changes that are suggested, with texts as a person edited them in the document.

        Raises NoSuchSuggestion and EditUnreadable, before any is made, InboxBusy, MemoryUnavailable.
        """
        meant = await self._meant(ids)
        written = {one.id: await self.file.text_of(one.id) for one in meant}
        texts = {one.id: self._redactor(_text_to_keep(one, written[one.id])) for one in meant}
        return await self._answer(meant, lambda one: self.apply(one, texts[one.id]))

    async def reject(self, *ids: Id) -> Sequence[Suggestion]:
        """Takes suggestions out of the inbox for good. Raises NoSuchSuggestion, InboxBusy."""
        meant = await self._meant(ids)
        return await self._answer(meant, lambda one: self._settled(one, "rejected"))

    async def restore(self, *ids: Id) -> Sequence[Suggestion]:
        """Takes answers back, without ids the last one.

        What was accepted and kept is told no more, what was retired is again. What was rejected waits
        again. Raises NoSuchSuggestion, InboxBusy.
        """

        async def taken_back(one: Suggestion) -> Suggestion:
            if one.state == "rejected":
                return await self._settled(one, "open")
            await self._suggested.take_back(one)
            return await self._settled(one, "rejected")

        last = () if ids else (await asyncio.to_thread(self.kept.last_answered),)
        return await self._answer([*await self._meant(ids, answered=True), *last], taken_back)

    async def forget(self, text: str) -> int:
        """Removes suggestions with these words for good; returns how many. Raises InboxBusy."""
        wanted = text.casefold()
        count = await asyncio.to_thread(
            self.kept.forget, lambda written: wanted in written.casefold()
        )
        await self.show()
        return count

    async def apply(self, one: Suggestion, text: str) -> Suggestion:
        """Makes the change first: killed in between, it is suggested and made once more."""
        return await self._settled(await self._suggested.apply(one, text), "accepted")

    async def show(self, new: int = 0) -> None:
        """Brings the document up to the inbox, in which so many are `new`."""
        async with self._showing:
            await self.file.show(await self.refresh())
        self._on_change(new)

    async def is_edited(self, one: Suggestion) -> bool:
        """Says whether a person has edited the text of a suggestion in the document."""
        return differs(await self.file.text_of(one.id), one)

    async def show_anew(self, ids: Collection[Id], new: int = 0) -> None:
        """Does what `show` does, and writes the sections of some suggestions anew."""
        if ids:
            async with self._showing:
                waiting = await self.refresh()
                await self.file.show([one for one in waiting if one.id not in ids])
        await self.show(new)

    async def _meant(self, ids: Sequence[Id], *, answered: bool = False) -> Collection[Suggestion]:
        found = [await asyncio.to_thread(self.kept.find, one, answered=answered) for one in ids]
        return {one.id: one for one in found}.values()

    async def _answer(
        self,
        meant: Collection[Suggestion],
        answer: Callable[[Suggestion], Awaitable[Suggestion]],
    ) -> Sequence[Suggestion]:
        try:
            return [await answer(one) for one in meant]
        finally:
            await self.show()

    async def _settled(self, one: Suggestion, state: SuggestionState) -> Suggestion:
        done = replace(one, state=state)
        await asyncio.to_thread(self.kept.settle, done)
        return done


def _text_to_keep(one: Suggestion, written: str | None) -> str:
    """The text as a person has `written` it in the document, where accepting keeps a text."""
    if one.kind not in KEPT_KINDS or written is None:
        return one.text
    if not written:
        raise EditUnreadable(
            f"the text of {one.id} in {INBOX_FILE} is gone, or not between ```text and ``` any more; "
            "mend it, or remove the section to accept what was suggested"
        )
    return written
