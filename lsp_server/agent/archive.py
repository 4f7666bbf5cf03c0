"""Looking back in a run's own journal: whole results by id, actions by words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsp_server.agent.journal import replay
from lsp_server.domain.events import ToolCalled, ToolReturned
from lsp_server.tools.recall import Recalled

EXCERPT_CHARS = 400
WORD = re.compile(r"\w{2,}")


@dataclass(frozen=True, slots=True)
class _Action:
    called: ToolCalled
    returned: ToolReturned

    @property
    def text(self) -> str:
        return f"{self.called.title}\n{self.called.call.arguments}\n{self.returned.result.text}"


class JournalArchive:
    """The archive of one run. It reads the journal anew each time, off the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def result(self, call_id: str) -> str | None:
        """The whole text; of calls that share an id, the last one's."""
        actions = await asyncio.to_thread(self._actions)
        texts = [a.returned.result.text for a in actions if a.returned.call_id == call_id]
        return texts[-1] if texts else None

    async def find(self, query: str, *, kind: str | None, limit: int) -> Sequence[Recalled]:
        """Best first: those with the most of the query's words, then the newest."""
        return await asyncio.to_thread(self._find, query, kind, limit)

    def _find(self, query: str, kind: str | None, limit: int) -> list[Recalled]:
        words = {word.lower() for word in WORD.findall(query)}
        ranked: list[tuple[int, int, _Action]] = []
        for age, action in enumerate(self._actions()):
            text = action.text.lower()
            hits = sum(word in text for word in words)
            if hits and kind in (None, action.returned.tool) and action.returned.tool != "recall":
                ranked.append((hits, age, action))
        ranked.sort(key=lambda row: row[:2], reverse=True)
        return [_recalled(action, words) for _, _, action in ranked[:limit]]

    def _actions(self) -> list[_Action]:
        return list(_paired(self._path))


def _paired(path: Path) -> Iterator[_Action]:
    called: dict[str, ToolCalled] = {}
    for recorded in replay(path):
        match recorded.event:
            case ToolCalled() as event:
                called[event.call.id] = event
            case ToolReturned() as event if event.call_id in called:
                yield _Action(called.pop(event.call_id), event)
            case _:
                pass


def _recalled(action: _Action, words: set[str]) -> Recalled:
    """The action with the stretch of its result where the first word stands."""
    text = action.returned.result.text
    lowered = text.lower()
    at = min((found for word in words if (found := lowered.find(word)) >= 0), default=0)
    start = max(0, at - EXCERPT_CHARS // 4)
    title = f"step {action.called.step}: {action.called.title}"
    return Recalled(action.returned.call_id, title, text[start : start + EXCERPT_CHARS])
