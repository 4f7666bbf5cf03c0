"""This module writes the document that compares proposals: what each would do, and its scores."""

from __future__ import annotations

import json
from dataclasses import dataclass

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import CandidatesJudged
from lsp_server.text.markdown import code_block, safe_markdown
from lsp_server.wording.run_texts import usage_text

ARGUMENTS_CHARS_MAX = 2000


@dataclass(frozen=True, slots=True)
class ComparisonWords:
    """A `ComparisonWords` names what is compared: the title, what is not done yet, and a failing one."""

    title: str
    opening: str
    failing: str
    problem: str


OF_PROPOSALS = ComparisonWords("Proposals", "Nothing is done yet.", "cannot work", "Cannot work:")
OF_ATTEMPTS = ComparisonWords(
    "Attempts",
    "Each attempt worked in a copy of this folder, so nothing was changed here before one is accepted.",
    "does not pass",
    "Does not pass:",
)


def render_proposals(
    judged: CandidatesJudged, instruction: str, words: ComparisonWords = OF_PROPOSALS
) -> str:
    """Returns the proposals of a run side by side, as Markdown.

    Candidates are numbered from 1, as commands take them; `instruction` is the run's task.
    """
    opening = (
        f"# {words.title}\n\n{safe_markdown(instruction.strip())}\n\n{words.opening} Accept one "
        "with *Holdfast: Accept …*, a code action in every file of this folder.\n"
    )
    parts = [opening, _overview(judged, words)]
    parts += [
        _proposal(number, group, words, is_winner=number - 1 == judged.winner)
        for number, group in enumerate(judged.groups, start=1)
    ]
    if judged.failures:
        listed = "\n".join(f"- {safe_markdown(failure)}" for failure in judged.failures)
        parts.append(f"## Candidates that did not come\n\n{listed}\n")
    parts.append(f"All together: {usage_text(judged.billed, judged.cost_usd)}.\n")
    return "\n".join(parts)


def _overview(judged: CandidatesJudged, words: ComparisonWords) -> str:
    lines = [
        "| | would | candidates | correct | grounded | progress | safe | sum |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for number, group in enumerate(judged.groups, start=1):
        mark = f"**{number}** ✓" if number - 1 == judged.winner else str(number)
        points = ["-"] * 5
        if group.scores is not None:
            s = group.scores
            points = list(map(str, (s.correctness, s.groundedness, s.progress, s.safety, s.total)))
        title = safe_markdown(group.title).replace("|", "\\|")
        title = f"~~{title}~~ ({words.failing})" if group.problem else title
        lines.append(f"| {mark} | {title} | {group.size} | {' | '.join(points)} |")
    return "\n".join(lines) + f"\n\nChosen by {judged.by}: {safe_markdown(judged.reason)}\n"


def _proposal(
    number: int, group: CandidateGroup, words: ComparisonWords, *, is_winner: bool
) -> str:
    parts = [
        f"## {number}. {safe_markdown(group.title)}"
        + (" (recommended)" if is_winner else "")
        + "\n"
    ]
    if group.text.strip():
        parts.append(safe_markdown(group.text.strip()) + "\n")
    if group.problem:
        parts.append(f"**{words.problem}** {safe_markdown(group.problem)}\n")
    if group.changes:
        parts.append(f"{code_block(group.changes, 'diff')}\n")
    parts += [
        f"{code_block(f'{call.name} {_readable(call.arguments)}')}\n"
        for call in group.calls
        if call.id not in group.diffed
    ]
    parts += [f"- {safe_markdown(note)}" for note in group.notes]
    return "\n".join(parts) + "\n"


def _readable(arguments: str) -> str:
    try:
        text = json.dumps(json.loads(arguments), indent=2, ensure_ascii=False)
    except ValueError:
        text = arguments
    return text[:ARGUMENTS_CHARS_MAX]
