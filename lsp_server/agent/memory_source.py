"""What memory adds to the opening of a cycle: asked for, bounded, never needed.

The loop asks once when a run starts and once for each new cycle. Whatever goes
wrong there costs a warning and the time until the deadline, never the run.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Emit, Warned
from lsp_server.domain.memories import MemoryKind
from lsp_server.domain.prompt_sections import PromptParts, PromptSection
from lsp_server.text.excerpt import cut_line, split_lines

SECONDS_MAX = 2.0
"""Memory that takes longer is done without."""

ACTIONS_MAX = 3
SPANS_PER_FILE_MAX = 2
FACTS_MAX = 20

TITLES: tuple[tuple[MemoryKind, str], ...] = (
    ("fact", "Known of this project"),
    ("code", "Code that may matter (as it was indexed; read before you change it)"),
    ("action", "What was tried earlier"),
)
"""In the order in which room is given."""

MeasureTokens: TypeAlias = Callable[[str], int]
"""The tokens that a text takes, estimated."""


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """One thing that memory offers; `id` fetches it whole, `title` is one line.

    Code has a `path` and the number of its first line. Scores compare within one
    kind, higher is better.
    """

    id: str
    kind: MemoryKind
    title: str
    text: str
    score: float
    path: str = ""
    start_line: int = 1


class MemorySource(Protocol):
    """Memory as the loop sees it."""

    @property
    def opening(self) -> bool:
        """Whether it cannot answer yet and soon will: then a run begins without waiting for it."""
        ...

    async def relevant_to(
        self, about: str, files: Sequence[str], tokens_max: int
    ) -> Sequence[MemoryItem]:
        """What bears on a task, in any order; of facts only those that are trusted.

        `about` is the task and what is being done, `files` are workspace-relative
        and were just touched. May offer more than `tokens_max`; what is best is
        taken. Raises MemoryUnavailable.
        """
        ...


class NoMemorySource:
    """Remembers nothing."""

    opening = False

    async def relevant_to(
        self, about: str, files: Sequence[str], tokens_max: int
    ) -> Sequence[MemoryItem]:
        del about, files, tokens_max
        return ()


async def ask_memory(
    memory_source: MemorySource,
    about: str,
    files: Sequence[str],
    tokens_max: int,
    emit: Emit,
    *,
    seconds_max: float = SECONDS_MAX,
) -> Sequence[MemoryItem]:
    """What memory offers; nothing, and a warning, when it fails or is late."""
    try:
        async with asyncio.timeout(seconds_max):
            return await memory_source.relevant_to(about, files, tokens_max)
    except TimeoutError:
        emit(Warned(f"memory did not answer within {seconds_max:g} s; going on without it"))
    except (HoldfastError, OSError) as error:
        emit(Warned(f"memory is not available, going on without it: {error}"))
    except Exception as error:  # noqa: BLE001 - memory is an advantage, never a need
        emit(Warned(f"memory failed, going on without it: {error!r}"))
    return ()


def choose_items(
    offered: Sequence[MemoryItem], tokens_max: int, measure: MeasureTokens
) -> PromptParts:
    """The best of each kind that fit, in sections."""
    sections: list[str] = []
    taken: list[PromptSection] = []
    left_out: list[PromptSection] = []
    left = tokens_max
    for kind, title in TITLES:
        shown: list[str] = []
        for one, allowed in _ranked(offered, kind):
            text = _shown(one)
            portion = PromptSection(kind, one.id, measure(text))
            if not allowed or portion.tokens > left:
                left_out.append(portion)
                continue
            left -= portion.tokens
            taken.append(portion)
            shown.append(text)
        if shown:
            sections.append(f"## {title}\n" + "\n".join(shown))
    return PromptParts("\n\n".join(sections), tuple(taken), tuple(left_out))


def _ranked(offered: Sequence[MemoryItem], kind: MemoryKind) -> Iterator[tuple[MemoryItem, bool]]:
    """Those of one kind, the best first, and whether there may be so many."""
    limit = {"fact": FACTS_MAX, "action": ACTIONS_MAX}.get(kind)
    of_path: Counter[str] = Counter()
    ranked = sorted((one for one in offered if one.kind == kind), key=lambda one: -one.score)
    for place, one in enumerate(ranked):
        of_path[one.path] += 1
        crowded = kind == "code" and of_path[one.path] > SPANS_PER_FILE_MAX
        yield one, not crowded and (limit is None or place < limit)


def _shown(one: MemoryItem) -> str:
    match one.kind:
        case "fact":
            return f"- {one.text}"
        case "code":
            lines = enumerate(split_lines(one.text), one.start_line)
            body = "\n".join(f"{number}\t{cut_line(line)}" for number, line in lines)
            return f"`{one.title}`\n```\n{body}\n```"
        case "action":
            return f"- {one.title} (`{one.id}`)\n  {' '.join(one.text.split())}"
