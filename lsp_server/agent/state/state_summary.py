"""This module puts the state of a run into words, for the prompt of a new cycle.

The sections are in the order in which they matter; each may take a share of the
room, and what it leaves is for those after it. Of a section's lines those go in
first that bear on what is being done, then the newest and the most wanted.
To add a section: a row in `_sections`, and a function that makes its lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.agent.memory_source import MeasureTokens
from lsp_server.agent.state import State
from lsp_server.agent.state.notes import Note
from lsp_server.domain.plans import outline
from lsp_server.domain.prompt_sections import PromptParts, PromptSection
from lsp_server.text.count import count_of
from lsp_server.text.legible import on_one_line
from lsp_server.text.tokenizer import distinct_words, query_words
from lsp_server.wording.run_texts import report_text

HASH_CHARS = 8
"""How many characters of a content's name are shown."""


@dataclass(frozen=True, slots=True)
class _Section:
    """A `_Section` has lines with the most wanted first, and a share of the room.

    With `oldest_first` those that find room are shown in reverse.
    """

    title: str
    share: float
    lines: Sequence[str]
    oldest_first: bool = True


def render_state(
    state: State, tokens_max: int, measure: MeasureTokens, now: Mapping[str, str] | None = None
) -> PromptParts:
    """Writes the state as Markdown, in about `tokens_max` tokens as `measure` counts them.

    `now` are the names of contents of files by path, to say which have changed since the
    run changed them; None if that is not known. What found no room is listed in the result.

    >>> from lsp_server.domain.events import PlanChanged
    >>> from lsp_server.domain.plans import PlanItem
    >>> state = State()
    >>> state.apply(PlanChanged((PlanItem("fix the parser", "in_progress"),)))
    >>> print(render_state(state, 500, measure=len).text)
    ## Plan
    - [>] fix the parser
    """
    parts: list[str] = []
    taken: list[PromptSection] = []
    left_out: list[PromptSection] = []
    left = tokens_max
    for section in _sections(state, now):
        room = min(left, round(tokens_max * section.share))
        fitting, rest = _split_to_fit(section, room, measure)
        if rest:
            tokens = sum(map(measure, rest))
            left_out.append(
                PromptSection("state", f"{section.title}: {count_of(len(rest), 'line')}", tokens)
            )
        if not fitting:
            continue
        if rest:
            fitting.append(f"- ({len(rest)} more; `recall` finds them)")
        fitting = [_one_entry(line) for line in fitting]
        lines = reversed(fitting) if section.oldest_first else fitting
        part = f"## {section.title}\n" + "\n".join(lines)
        parts.append(part)
        taken.append(PromptSection("state", section.title, measure(part)))
        left -= taken[-1].tokens
    return PromptParts("\n\n".join(parts), tuple(taken), tuple(left_out))


def _one_entry(line: str) -> str:
    """Keeps names and outputs from looking like further entries; what is quoted is marked."""
    return line if line.startswith("> ") else on_one_line(line)


def _split_to_fit(
    section: _Section, tokens_max: int, measure: MeasureTokens
) -> tuple[list[str], Sequence[str]]:
    # The heading, and the line that says how many more there are.
    tokens_max -= measure(section.title) + 16
    for place, line in enumerate(section.lines):
        tokens_max -= measure(line) + 1
        if tokens_max < 0:
            return list(section.lines[:place]), section.lines[place:]
    return list(section.lines), ()


def _sections(state: State, now: Mapping[str, str] | None) -> list[_Section]:
    # The shares add up to more than 1: most sections take less than they may.
    near = _make_nearness(state)
    newest = reversed
    return [
        _Section(
            "What the person said since, verbatim", 0.4, _quote(state.conversation.requests[1:])
        ),
        _Section("Commands in the background", 0.1, state.background.lines, oldest_first=False),
        _Section("Plan", 0.25, outline(state.progress.plan, "- "), oldest_first=False),
        _Section("The last check of the goal", 0.2, _list_conditions(state), oldest_first=False),
        _Section(
            "Your brief",
            0.2,
            _quote([state.conversation.brief]) if state.conversation.brief else [],
            oldest_first=False,
        ),
        _Section("Decisions", 0.3, near(_list_notes(state.work.notes_of("decision")))),
        _Section("Open questions", 0.1, _list_notes(state.work.notes_of("question"))),
        _Section("Parts that subagents did", 0.15, _list_children(state)),
        _Section("Lessons", 0.2, near(_list_notes(state.work.notes_of("lesson")))),
        _Section("Tests", 0.2, _list_tests(state)),
        _Section("Files that this run changed", 0.25, _list_files(state, now)),
        _Section(
            "Exact values, as they stood", 0.35, near(_list_literals(state)), oldest_first=False
        ),
        _Section("What went wrong", 0.2, near(_list_mistakes(state))),
        _Section("Commands and how they last ended", 0.25, near(_list_commands(state))),
        _Section(
            "What you said on the way", 0.4, [f"- {line}" for line in newest(state.work.remarks)]
        ),
        _Section("Files read last", 0.1, [f"- {path}" for path in newest(state.work.read)]),
    ]


def _make_nearness(state: State) -> Callable[[list[str]], list[str]]:
    """Returns a sort that puts the lines first that share words with what is being done."""
    focus = set(query_words(state.focus))

    def near(lines: list[str]) -> list[str]:
        if not focus:
            return lines
        return sorted(lines, key=lambda line: -len(focus.intersection(distinct_words(line))))

    return near


def _quote(texts: Sequence[str]) -> list[str]:
    return ["> " + "\n> ".join(text.strip().splitlines()) for text in reversed(texts)]


def _list_conditions(state: State) -> list[str]:
    return report_text(state.goal.report).splitlines() if state.goal.report else []


def _list_notes(notes: Sequence[Note]) -> list[str]:
    # A sentence that the model marked counts for more than one that was only recognised.
    ordered = sorted(notes, key=lambda note: (not note.marked, -note.step))
    return [f"- {note.text} (step {note.step})" for note in ordered]


def _list_children(state: State) -> list[str]:
    return [
        f"- {ended.title}: {ended.outcome}, {count_of(ended.steps, 'step')} (`{ended.call_id}`)"
        for ended in reversed(state.conversation.ended_children.values())
    ]


def _list_tests(state: State) -> list[str]:
    lines = []
    for command, suite in reversed(state.work.suite_results.items()):
        ended = "pass" if suite.passed else "FAIL"
        failing = f"; failing: {', '.join(suite.failing)}" if suite.failing else ""
        lines.append(f"- `{command}`: {ended}, step {suite.step}: {suite.summary}{failing}")
    return lines


def _list_files(state: State, now: Mapping[str, str] | None) -> list[str]:
    lines = []
    for path, what in reversed(state.work.files.items()):
        after = state.work.changes[path].after
        hashed = f", {after[:HASH_CHARS]}" if after else ""
        since = ""
        if now is not None and now.get(path) != after:
            since = "; CHANGED SINCE, read it again" if path in now else "; GONE SINCE"
        lines.append(f"- {path}: {what}{hashed}{since}")
    return lines


def _list_literals(state: State) -> list[str]:
    """Lists stretches of text with literals, each once; those in notes above are left out."""
    shown = [note.text for note in state.work.notes.values()]
    lines: dict[str, str] = {}
    for literal in state.work.literals.best():
        if not any(literal.text in text for text in shown):
            lines.setdefault(literal.around, f"- step {literal.step}: {literal.around}")
            shown.append(literal.around)
    return list(lines.values())


def _list_mistakes(state: State) -> list[str]:
    return [
        f"- step {mistake.step}: {mistake.what}: {mistake.line} (`{mistake.call_id}`)"
        for mistake in reversed(state.work.mistakes)
    ]


def _list_commands(state: State) -> list[str]:
    return [
        f"- `{command}`: {run.ending}, step {run.step} (`{run.call_id}`)"
        for command, run in reversed(state.work.commands.items())
    ]
