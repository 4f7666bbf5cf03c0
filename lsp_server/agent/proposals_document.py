"""This module writes the document that compares proposals: what each would do, and its scores."""

from __future__ import annotations

import json

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import CandidatesJudged
from lsp_server.text.markdown import code_block, safe_markdown
from lsp_server.wording.run_texts import usage_text

ARGUMENTS_CHARS_MAX = 2000


def render_proposals(judged: CandidatesJudged, instruction: str, run_id: str) -> str:
    """Returns the proposals of a run side by side, as Markdown.

    Candidates are numbered from 1, as `holdfast.max.accept` takes them; `instruction`
    is the run's task.
    """
    command = f'`holdfast.max.accept` and `{{"proposalId": "{run_id}", "candidate": 1}}`'
    opening = (
        f"# Proposals\n\n{safe_markdown(instruction.strip())}\n\nNothing is done yet. Accept one from the code "
        f"actions of any file of this folder, or with {command}.\n"
    )
    parts = [opening, _overview(judged)]
    parts += [
        _proposal(number, group, is_winner=number - 1 == judged.winner)
        for number, group in enumerate(judged.groups, start=1)
    ]
    if judged.failures:
        listed = "\n".join(f"- {safe_markdown(failure)}" for failure in judged.failures)
        parts.append(f"## Candidates that did not come\n\n{listed}\n")
    parts.append(f"All together: {usage_text(judged.billed, judged.cost_usd)}.\n")
    return "\n".join(parts)


def _overview(judged: CandidatesJudged) -> str:
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
        title = f"~~{title}~~ (cannot work)" if group.problem else title
        lines.append(f"| {mark} | {title} | {group.size} | {' | '.join(points)} |")
    return "\n".join(lines) + f"\n\nChosen by {judged.by}: {safe_markdown(judged.reason)}\n"


def _proposal(number: int, group: CandidateGroup, *, is_winner: bool) -> str:
    parts = [
        f"## {number}. {safe_markdown(group.title)}"
        + (" (recommended)" if is_winner else "")
        + "\n"
    ]
    if group.text.strip():
        parts.append(safe_markdown(group.text.strip()) + "\n")
    if group.problem:
        parts.append(f"**Cannot work:** {safe_markdown(group.problem)}\n")
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
