"""This module has the lines for Events that have more to say than their fields."""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.domain.attempt_events import AttemptEnded
from lsp_server.domain.background_events import BackgroundEnded, BackgroundStarted
from lsp_server.domain.events import CandidatesJudged, CyclePacked, Told
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.permission_events import PermissionAnswered, PermissionsChanged
from lsp_server.domain.permissions import Answer
from lsp_server.domain.tasks import Blocked, Outcome
from lsp_server.text.count import count_of
from lsp_server.text.truncate import first_line
from lsp_server.wording.run_texts import outcome_text

LABEL_CHARS_MAX = 300
"""A view with less room cuts the label once more."""

ANSWERS: Mapping[Answer, str] = {
    "once": "approved once",
    "run": "approved for this run",
    "always": "approved for good",
    "everywhere": "approved for good in all projects",
    "sandboxed": "goes on in the sandbox",
    "deny": "denied",
}
ANSWERED_BY = {
    "person": "",
    "expiry": ", as nobody answered in time",
    "stop": ", as the run ended",
}
"""What an answer of a person is called, and one that came without a person."""

_SPEAKERS = {"person": "person", "fence": "reminder", "command": "background"}
"""What a message is called whose own first line says what it is about, by where it comes from."""
_TOLD = {
    "goal": "not done yet; it goes on with what is missing",
    "memory": "memory, which is open now, has this for the task",
    "hook": "a hook has this for the model",
}
"""The labels of messages that begin with a heading of ours, which is for the model."""


def first(text: str) -> str:
    """Returns the first line of a text, as long as a label may be."""
    return first_line(text, LABEL_CHARS_MAX)


def told_label(event: Told) -> str:
    """Says what the model is told that is no tool result.

    >>> told_label(Told("Use tabs.", "person"))
    'person: Use tabs.'
    """
    return _TOLD.get(event.origin) or f"{_SPEAKERS[event.origin]}: {first(event.text)}"


def step_text(step: int) -> str:
    """Says where a run is taken back to: the end of a step, or its beginning for 0."""
    return f"the end of step {step}" if step else "the beginning"


def outcome_label(outcome: Outcome) -> str:
    """Says how a run ended; of one that asks, what it asks.

    >>> from lsp_server.domain.tasks import Blocked
    >>> outcome_label(Blocked("I found two.\\n\\nWhich of them do you mean?"))
    'blocked: Which of them do you mean?'
    """
    asked = outcome.question.strip() if isinstance(outcome, Blocked) else ""
    question = asked.rpartition("\n")[2]
    return f"{outcome.outcome}: {first(question or outcome_text(outcome))}"


_ENDED_BY = {"itself": "ended", "agent": "was stopped", "run": "ended with the run"}


def background_label(event: BackgroundStarted | BackgroundEnded) -> str:
    """Says which command runs in the background, or how it ended."""
    match event:
        case BackgroundStarted(background_id, command):
            return f"background {background_id} runs: $ {first(command)}"
        case BackgroundEnded(background_id, command, ending):
            how = f"{_ENDED_BY[event.by]}: {ending}"
            return f"background {background_id} {how}: $ {first(command)}"


def answered_label(event: PermissionAnswered) -> str:
    """Says how a question was answered, with a person's own words or rule.

    >>> answered_label(PermissionAnswered("q", "always", "person", rule="edit(src/**)"))
    'approved for good: edit(src/**)'
    """
    said = event.rule or (event.reason if event.by == "person" else "")
    return f"{ANSWERS[event.answer]}{ANSWERED_BY[event.by]}" + (f": {first(said)}" if said else "")


def granted_label(event: PermissionsChanged) -> str:
    """Says what a run may do from here on without asking."""
    parts = [f"mode {event.mode}"] if event.mode is not None else []
    parts += [event.rule] if event.rule else []
    return f"permissions for this run: {', '.join(parts)}"


def attempt_label(event: AttemptEnded) -> str:
    """Says how an attempt ended, and how many files it changed."""
    count = sum(not change.is_folder for change in event.changes)
    # Of one that was broken off nobody looked.
    files = f"{count_of(count, 'file')} changed, " if event.is_whole else ""
    return f"attempt {event.number}: {files}{outcome_label(event.outcome)}"


def prompt_label(event: CyclePacked) -> str:
    """Says what a cycle began with, as in `cycle 2 begins with 900 tokens: task 900`."""
    tokens: dict[str, int] = {}
    for section in event.taken:
        tokens[section.kind] = tokens.get(section.kind, 0) + section.tokens
    parts = ", ".join(f"{kind} {count:,}" for kind, count in tokens.items())
    left = f"; left out: {len(event.left_out)}" if event.left_out else ""
    return (
        f"cycle {event.cycle} begins with {count_of(sum(tokens.values()), 'token')}: {parts}{left}"
    )


def choice_label(event: CandidatesJudged) -> str:
    """Says which of how many candidates was chosen, and by whom."""
    group, others = event.groups[event.winner], len(event.groups) - 1
    over = f" over {count_of(others, 'other')}" if others else ""
    scored = f", {group.scores.total} of 40 points" if group.scores else ""
    chosen = f"{group.size} of {count_of(event.drawn, 'candidate')}"
    return f"chose {group.title}{over}: {chosen}, by {event.by}{scored}"


def goal_label(report: GoalReport) -> str:
    """Says how many conditions of a goal are met."""
    met = sum(item.verdict in ("met", "waived") for item in report.conditions)
    if report.goal.is_task:
        return f"the task is {'' if report.met else 'not '}shown to be done"
    return (
        f"goal “{report.goal.title}”: {met} of {count_of(len(report.conditions), 'condition')} met"
    )
