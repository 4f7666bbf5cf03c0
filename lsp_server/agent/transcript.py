"""A run as Markdown, for people; derived from Events and never read back."""

from __future__ import annotations

from lsp_server.domain.events import (
    BriefWritten,
    CandidateAccepted,
    CandidatesJudged,
    CyclePacked,
    CycleStarted,
    Event,
    FileChanged,
    FileRestored,
    GoalChecked,
    JudgeFellBack,
    ModelAnswered,
    ModelWaited,
    PermissionAnswered,
    PermissionAsked,
    PlanChanged,
    RunEnded,
    RunResumed,
    RunStarted,
    SamplingChanged,
    StepFinished,
    StepStarted,
    Told,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.messages import Usage
from lsp_server.domain.plans import outline, progress
from lsp_server.domain.tasks import Achieved, Blocked, Failed, Outcome, Stopped, Unmet

RESULT_LINES_MAX = 20
RESULT_CHARS_MAX = 2000


def render_event(event: Event) -> str:
    """The Markdown of one Event, empty for what a reader does not need."""
    match event:
        case RunStarted():
            return (
                f"# {task_title(event.task.instruction)}\n\n{event.task.instruction.strip()}\n\n"
                f"Run `{event.run_id}` in `{event.workspace}` with {event.model}, "
                f"mode {event.task.mode}.\n"
            )
        case StepStarted():
            return f"\n## Step {event.step}\n"
        case ModelAnswered():
            return f"\n{event.message.text.strip()}\n" if event.message.text.strip() else ""
        case ToolCalled():
            return f"\n**{_inline(event.title)}**\n"
        case ToolReturned():
            mark = "failed" if event.result.is_error else "ok"
            return f"\n{mark}, {event.seconds:.1f} s\n\n{_block(event.result.text)}\n"
        case PlanChanged():
            items = "\n".join(outline(event.items, "- "))
            return f"\nPlan, {progress(event.items)}:\n\n{items}\n"
        case Told():
            return f"\n> {event.origin}: " + event.text.strip().replace("\n", "\n> ") + "\n"
        case GoalChecked():
            return f"\nGoal check:\n\n{report_text(event.report)}\n"
        case CyclePacked() if event.cycle > 1 or event.left_out:
            return f"\n*{prompt_text(event)}*\n"
        case RunEnded():
            return (
                f"\n## Ended: {event.outcome.outcome}\n\n{outcome_text(event.outcome)}\n\n"
                f"{event.steps} steps, {usage_text(event.billed, event.cost_usd)}.\n"
            )
        case BriefWritten() if event.text:
            return "\n> brief: " + event.text.strip().replace("\n", "\n> ") + "\n"
        case _:
            return _remark(event)


def _remark(event: Event) -> str:
    """The Events that take one line."""
    match event:
        case RunResumed():
            return "\n*The run goes on.*\n"
        case CycleStarted(number=number) if number > 1:
            return f"\n*Cycle {number}: {event.reason}.*\n"
        case ModelWaited():
            return f"\n*Waiting {event.delay_seconds:.0f} s: {event.reason}*\n"
        case CandidateAccepted():
            return f"\n*Accepted proposal {event.group + 1}.*\n"
        case CandidatesJudged() | JudgeFellBack() | SamplingChanged():
            return f"\n*{sampling_text(event)}*\n"
        case PermissionAsked():
            return f"\n*Asked: {_inline(event.question.summary)}*\n"
        case PermissionAnswered():
            return f"\n*Answer ({event.by}): {event.answer}*\n"
        case FileChanged():
            return f"\n*Changed `{event.path}`.*\n"
        case FileRestored():
            return (
                f"\n*Restored `{event.path}`{': ' + event.conflict if event.conflict else ''}.*\n"
            )
        case Warned():
            return f"\n*Warning: {_inline(event.message)}*\n"
        case _:
            return ""


def ends_page(event: Event) -> bool:
    """Whether the transcript is brought up to date here: at step boundaries."""
    return isinstance(event, StepFinished | RunEnded | FileRestored)


def task_title(instruction: str) -> str:
    """One line for lists and headings."""
    line = next((line.strip() for line in instruction.splitlines() if line.strip()), "(no text)")
    return line if len(line) <= 70 else line[:69].rstrip() + "…"


def outcome_text(outcome: Outcome) -> str:
    """How a run ended, in the words for a person."""
    match outcome:
        case Achieved():
            checked = "" if outcome.report else " (No goal was set, so nothing was checked.)"
            return (outcome.summary.strip() or "Done.") + checked
        case Unmet():
            return (
                f"The goal is not met. {outcome.summary.strip()}\n\n{report_text(outcome.report)}"
            )
        case Blocked():
            return f"It needs an answer: {outcome.question}"
        case Stopped():
            return outcome.reason
        case Failed():
            return outcome.error


def sampling_text(event: CandidatesJudged | JudgeFellBack | SamplingChanged) -> str:
    """What Max Mode did, in one line."""
    match event:
        case CandidatesJudged():
            return _chosen(event)
        case JudgeFellBack(rung, reason):
            return f"The judge did not decide ({_inline(reason)}): {rung}"
        case SamplingChanged(sampling):
            return f"From the next step on: {sampling.described}"


def prompt_text(event: CyclePacked) -> str:
    """What a cycle began with and what found no room, in one line."""
    tokens: dict[str, int] = {}
    for portion in event.taken:
        tokens[portion.kind] = tokens.get(portion.kind, 0) + portion.tokens
    parts = ", ".join(f"{kind} {count:,}" for kind, count in tokens.items())
    left = f"; left out: {len(event.left_out)}" if event.left_out else ""
    return f"It begins with {sum(tokens.values()):,} tokens: {parts}{left}."


def report_text(report: GoalReport) -> str:
    """A goal's conditions as a list, each with its verdict and what showed it."""
    lines = []
    for item in report.conditions:
        box = "x" if item.verdict == "met" else " "
        lines.append(f"- [{box}] {item.condition.text}: {item.verdict}")
        if item.missing:
            lines.append(f"  - missing: {item.missing}")
        for shown in item.evidence:
            ended = f"{shown.ending}, {shown.seconds:.1f} s, at {shown.where}"
            lines.append(f"  - evidence: `{shown.check}`: {ended}")
    if report.judges_edited:
        lines.append(f"- the run edited what judges it: {', '.join(report.judges_edited)}")
    return "\n".join(lines)


def _chosen(event: CandidatesJudged) -> str:
    """Among how many candidates one was chosen, how, why, and at what cost."""
    group, others = event.groups[event.winner], len(event.groups) - 1
    over = f" over {others} other" + "s" * (others > 1) if others else ""
    scored = f", {group.scores.total} of 40 points" if group.scores else ""
    return (
        f"Chose {_inline(group.title)}{over}: {group.size} of {event.drawn} candidates, "
        f"by {event.by}{scored} ({_inline(event.reason)}); {usage_text(event.billed, event.cost_usd)} in all"
    )


def usage_text(usage: Usage, cost_usd: float) -> str:
    """Usage for people: `12,345 tokens in (90 % cached), 678 out, $0.012`."""
    cached = round(100 * usage.cached_tokens / usage.prompt_tokens) if usage.prompt_tokens else 0
    cost = f", ${cost_usd:.3f}" if cost_usd else ""
    return (
        f"{usage.prompt_tokens:,} tokens in ({cached} % cached), "
        f"{usage.completion_tokens:,} out{cost}"
    )


def _inline(text: str) -> str:
    return " ".join(text.replace("*", "\\*").split())


def _block(text: str) -> str:
    """A code block that the text cannot end, cut to what a reader wants to see."""
    lines = text.splitlines()
    left_out = len(lines) - RESULT_LINES_MAX
    shown = "\n".join(lines[:RESULT_LINES_MAX])[:RESULT_CHARS_MAX]
    if left_out > 0:
        shown += f"\n… {left_out} more lines"
    fence = "```"
    while fence in shown:
        fence += "`"
    return f"{fence}\n{shown}\n{fence}"
