"""This module finds the text that an edit replaces in a file.

It matches exactly, but for line endings, which the file decides. Where nothing
matches, one place that only looks the same is taken and named; otherwise the
error says what is nearest, so that the model can correct itself.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass

from lsp_server.domain.errors import ToolError
from lsp_server.text.excerpt import numbered_lines, split_lines
from lsp_server.text.lookalikes import Lookalike, lookalikes, unfamiliar_differences
from lsp_server.tools.occurrences import occurrences

SHOWN_LINES_MAX = 30
COMPARED_LINES_MAX = 20_000
"""Of a longer text, only the first lines are searched for what old_text may have meant."""
PLACES_MAX = 20


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A `TextMatch` says where a text is found, as pairs of start and end.

    `note` says how the text there differs, empty if it does not.
    """

    spans: tuple[tuple[int, int], ...]
    note: str = ""


def match_text(text: str, old_text: str, path: str, shown: str, *, every: bool) -> TextMatch:
    """Finds `old_text` in the text of the file `path`; with `every` wherever it is.

    `shown` is as much of the text as an error may show. Raises ToolError when
    there is no place, or more than one without `every`.
    """
    # A model writes \n; the file decides how its lines end.
    spans = tuple(occurrences(text, old_text))
    if len(spans) == 1 or (spans and every):
        return TextMatch(spans)
    if spans:
        places = ", ".join(str(_line(text, start)) for start, _ in spans[:PLACES_MAX])
        raise ToolError(
            f"old_text matches {len(spans)} times in {path}, at lines {places}; "
            "add lines around it, or set replace_all"
        )
    alike = lookalikes(text, old_text)
    if len(alike) == 1:
        (found,) = alike
        note = f"[old_text only looks like the file, which has {_named(found)}]"
        return TextMatch(((found.start, found.end),), note)
    raise ToolError(_not_found(text, old_text, path, shown, alike))


def _named(found: Lookalike) -> str:
    return "; ".join(found.differences) or "another way to write the same"


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _not_found(text: str, old_text: str, path: str, shown: str, alike: list[Lookalike]) -> str:
    message = f"old_text is not in {path}"
    if alike:
        places = ", ".join(str(_line(text, one.start)) for one in alike[:PLACES_MAX])
        return (
            f"{message}; at lines {places} there is text that only looks like it, with "
            f"{_named(alike[0])}; copy it as it is, with lines around it"
        )
    lines = split_lines(text)[:COMPARED_LINES_MAX]
    sought = split_lines(old_text) or [""]
    start = _nearest(lines, sought)
    if start is None:
        return f"{message}, nor anything like it; read the file"
    end = min(start + len(sought), start + SHOWN_LINES_MAX)
    stripped = [line.strip() for line in sought]
    if [line.strip() for line in lines[start : start + len(sought)]] == stripped:
        message += "; only the white space differs"
    shown_lines = split_lines(shown)
    nearest = numbered_lines(shown_lines, start + 1, end)
    differing = (
        pair for pair in zip(shown_lines[start:end], sought, strict=False) if pair[0] != pair[1]
    )
    named = unfamiliar_differences(*next(differing, ("", "")))
    note = f"\n[the file has {'; '.join(named)}; copy it as it is]" if named else ""
    return f"{message}. The nearest text there is:\n{nearest}{note}"


def _nearest(lines: list[str], sought: list[str]) -> int | None:
    """Returns the line, from 0, where most of the sought lines are together; None if none is."""
    offsets: dict[str, list[int]] = {}
    for offset, line in enumerate(sought):
        if line.strip():
            offsets.setdefault(line.strip(), []).append(offset)
    if not offsets:
        return None
    votes: Counter[int] = Counter()
    for number, line in enumerate(lines):
        for offset in offsets.get(line.strip(), [])[:10]:
            votes[max(0, number - offset)] += 1
    if votes:
        return max(votes, key=lambda start: (votes[start], -start))
    longest = max(offsets, key=len)
    # difflib compares each pair, so only lines of about that length are handed to it.
    near = [ln for ln in lines if abs(len(ln.strip()) - len(longest)) <= len(longest) // 2][:2000]
    close = difflib.get_close_matches(longest[:500], [ln.strip()[:500] for ln in near], 1, 0.6)
    if not close:
        return None
    at = next(i for i, line in enumerate(lines) if line.strip()[:500] == close[0])
    return max(0, at - offsets[longest][0])
