"""The state in words: what a new cycle's opening says of where the run stands.

The sections are in the order in which they matter; each may take a share of the
room, and what it leaves is for those after it. Of a section's lines those go in
first that bear on what is being done, then the newest and the most wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.agent.memory_source import MeasureTokens
from lsp_server.agent.notes import Note
from lsp_server.agent.state import State
from lsp_server.domain.plans import outline
from lsp_server.domain.prompt_sections import PromptParts, PromptSection
from lsp_server.text.tokenizer import distinct_words, query_words
from lsp_server.wording.run_texts import report_text

HASH_CHARS = 8


@dataclass(frozen=True, slots=True)
class _Section:
    """`lines` have the most wanted first; with `oldest_first` they are shown the other way."""

    title: str
    share: float
    lines: Sequence[str]
    oldest_first: bool = True


def render_state(
    state: State, tokens_max: int, measure: MeasureTokens, now: Mapping[str, str] | None = None
) -> PromptParts:
    """The state as Markdown within `tokens_max`; `now` are the contents of files by path."""
    parts: list[str] = []
    taken: list[PromptSection] = []
    left_out: list[PromptSection] = []
    left = tokens_max
    for section in _sections(state, now):
        room = min(left, round(tokens_max * section.share))
        fitting, rest = _fitting(section, room, measure)
        if rest:
            tokens = sum(map(measure, rest))
            left_out.append(PromptSection("state", f"{section.title}: {len(rest)} lines", tokens))
        if not fitting:
            continue
        if rest:
            fitting.append(f"- ({len(rest)} more; `recall` finds them)")
        lines = reversed(fitting) if section.oldest_first else fitting
        part = f"## {section.title}\n" + "\n".join(lines)
        parts.append(part)
        taken.append(PromptSection("state", section.title, measure(part)))
        left -= taken[-1].tokens
    return PromptParts("\n\n".join(parts), tuple(taken), tuple(left_out))


def _fitting(
    section: _Section, tokens_max: int, measure: MeasureTokens
) -> tuple[list[str], Sequence[str]]:
    tokens_max -= measure(section.title) + 16
    for place, line in enumerate(section.lines):
        tokens_max -= measure(line) + 1
        if tokens_max < 0:
            return list(section.lines[:place]), section.lines[place:]
    return list(section.lines), ()


def _sections(state: State, now: Mapping[str, str] | None) -> list[_Section]:
    near = _nearness(state)
    newest = reversed
    return [
        _Section("What the person said since, verbatim", 0.4, _quoted(state.requests[1:])),
        _Section("Plan", 0.25, outline(state.plan, "- "), oldest_first=False),
        _Section("The last check of the goal", 0.2, _goal(state), oldest_first=False),
        _Section("Your brief", 0.2, [state.brief] if state.brief else [], oldest_first=False),
        _Section("Decisions", 0.3, near(_said(state.said("decision")))),
        _Section("Open questions", 0.1, _said(state.said("question"))),
        _Section("Lessons", 0.2, near(_said(state.said("lesson")))),
        _Section("Tests", 0.2, _tests(state)),
        _Section("Files that this run changed", 0.25, _files(state, now)),
        _Section("Exact values, as they stood", 0.35, near(_literals(state)), oldest_first=False),
        _Section("What went wrong", 0.2, near(_mistakes(state))),
        _Section("Commands and how they last ended", 0.25, near(_commands(state))),
        _Section("What you said on the way", 0.4, [f"- {line}" for line in newest(state.remarks)]),
        _Section("Files read last", 0.1, [f"- {path}" for path in newest(state.read)]),
    ]


def _nearness(state: State) -> Callable[[list[str]], list[str]]:
    """Puts the lines first that share words with what is being done, else leaves the order."""
    focus = set(query_words(state.focus))

    def near(lines: list[str]) -> list[str]:
        if not focus:
            return lines
        return sorted(lines, key=lambda line: -len(focus.intersection(distinct_words(line))))

    return near


def _quoted(texts: Sequence[str]) -> list[str]:
    return ["> " + text.strip().replace("\n", "\n> ") for text in reversed(texts)]


def _goal(state: State) -> list[str]:
    return report_text(state.report).splitlines() if state.report else []


def _said(notes: Sequence[Note]) -> list[str]:
    """What the model marked itself counts for more than what was only recognised."""
    ordered = sorted(notes, key=lambda note: (not note.marked, -note.step))
    return [f"- {note.text} (step {note.step})" for note in ordered]


def _tests(state: State) -> list[str]:
    lines = []
    for command, suite in reversed(state.suite_results.items()):
        ended = "pass" if suite.passed else "FAIL"
        failing = f"; failing: {', '.join(suite.failing)}" if suite.failing else ""
        lines.append(f"- `{command}`: {ended}, step {suite.step}: {suite.summary}{failing}")
    return lines


def _files(state: State, now: Mapping[str, str] | None) -> list[str]:
    lines = []
    for path, what in reversed(state.files.items()):
        after = state.changes[path].after
        hashed = f", {after[:HASH_CHARS]}" if after else ""
        since = ""
        if now is not None and now.get(path) != after:
            since = "; CHANGED SINCE, read it again" if path in now else "; GONE SINCE"
        lines.append(f"- {path}: {what}{hashed}{since}")
    return lines


def _literals(state: State) -> list[str]:
    """One line for each stretch of text, with all literals in it; what stands above is left out."""
    shown = [note.text for note in state.notes.values()]
    lines: dict[str, str] = {}
    for literal in state.literals.best():
        if not any(literal.text in text for text in shown):
            lines.setdefault(literal.around, f"- step {literal.step}: {literal.around}")
            shown.append(literal.around)
    return list(lines.values())


def _mistakes(state: State) -> list[str]:
    return [
        f"- step {mistake.step}: {mistake.what}: {mistake.line} (`{mistake.call_id}`)"
        for mistake in reversed(state.mistakes)
    ]


def _commands(state: State) -> list[str]:
    return [
        f"- `{command}`: {run.ending}, step {run.step} (`{run.call_id}`)"
        for command, run in reversed(state.commands.items())
    ]
