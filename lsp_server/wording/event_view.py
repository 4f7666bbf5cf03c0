"""This module says in words what an Event is, once for all that show runs.

The transcript, the terminal, the progress in an editor and the editor's own view of
runs format an `EventView` and add no words of their own. A new case of the union
`Event` fails the type checker here until it has words.
"""

from __future__ import annotations

from typing import assert_never

from lsp_server.domain.attempt_events import AttemptEnded, AttemptsJudged, AttemptStarted
from lsp_server.domain.background_events import BackgroundEnded, BackgroundStarted
from lsp_server.domain.child_events import ChildEnded, ChildStarted
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
    ModeChanged,
    ModelAnswered,
    ModelWaited,
    PlanChanged,
    RunEnded,
    RunResumed,
    RunStarted,
    SamplingChanged,
    SnapshotTaken,
    StepFinished,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.message_events import MessageReceived, MessageRefused
from lsp_server.domain.permission_events import (
    PermissionAnswered,
    PermissionAsked,
    PermissionsChanged,
)
from lsp_server.domain.plans import outline, progress
from lsp_server.domain.rewind_events import Forked, Rewound
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.domain.workflows import progress_text
from lsp_server.text.count import count_of
from lsp_server.wording.candidate_views import attempt_view, max_mode_view
from lsp_server.wording.event_labels import (
    answered_label,
    background_label,
    first,
    goal_label,
    granted_label,
    outcome_label,
    prompt_label,
    step_text,
    told_label,
)
from lsp_server.wording.run_texts import (
    outcome_text,
    report_text,
    roles_text,
    run_title,
    usage_text,
)
from lsp_server.wording.shown_event import OUTCOME_TONES, EventView, Tone, shown
from lsp_server.wording.workflow_texts import node_fields, node_outline, workflow_tone


def view_of(event: Event) -> EventView:
    """Puts an Event into words.

    >>> view_of(Warned("the disk is nearly full"))
    EventView(kind='warned', label='warning: the disk is nearly full', detail='', tone='bad', fields={})
    >>> view_of(StepStarted(3, 1200)).label
    'step 3'
    """
    match event:
        case RunStarted() | RunResumed() | Rewound() | Forked() | RunEnded():
            return _run_view(event)
        case ChildStarted() | ChildEnded():
            return _child_view(event)
        case WorkflowChanged():
            return _workflow_view(event)
        case CycleStarted() | CyclePacked() | BriefWritten():
            return _prompt_view(event)
        case StepStarted() | StepFinished() | Streamed() | ModelWaited() | ModelAnswered():
            return _step_view(event)
        case CandidatesJudged() | CandidateAccepted() | JudgeFellBack() | SamplingChanged():
            return max_mode_view(event)
        case AttemptStarted() | AttemptEnded() | AttemptsJudged():
            return attempt_view(event)
        case ToolCalled() | ToolReturned():
            return _tool_view(event)
        case BackgroundStarted() | BackgroundEnded():
            return _background_view(event)
        case FileChanged() | FileRestored() | SnapshotTaken():
            return _file_view(event)
        case (
            PermissionAsked()
            | PermissionAnswered()
            | PermissionsChanged()
            | MessageReceived()
            | MessageRefused()
            | Told()
            | Warned()
        ):
            return _message_view(event)
        case ModeChanged() | PlanChanged() | GoalChecked():
            return _progress_view(event)
        case _:
            assert_never(event)


def _run_view(event: RunStarted | RunResumed | Rewound | Forked | RunEnded) -> EventView:
    match event:
        case RunStarted(run_id, task, workspace, model):
            place = f"Run `{run_id}` in `{workspace}` with {model}, mode {task.mode}."
            return shown(
                event,
                run_title(task),
                f"{task.instruction.strip()}\n\n{place}",
                run_id=run_id,
                model=model,
                proposes=task.sampling.propose,
            )
        case RunResumed(note, model):
            return shown(event, "the run goes on", note, model=model or None)
        case Rewound(step):
            return shown(event, f"taken back to {step_text(step)}", step=step)
        case Forked(origin, step):
            return shown(event, f"goes on from {step_text(step)} of run {origin}", step=step)
        case RunEnded(outcome, steps):
            text = outcome_text(outcome)
            spent = f"{count_of(steps, 'step')}, {usage_text(event.billed, event.cost_usd)}."
            return shown(
                event,
                outcome_label(outcome),
                "\n\n".join(filter(None, (text, spent, roles_text(event.roles)))),
                OUTCOME_TONES.get(outcome.outcome, "plain"),
                outcome=outcome.outcome,
                step=steps,
                cost_usd=event.cost_usd,
            )
        case _:
            assert_never(event)


def _child_view(event: ChildStarted | ChildEnded) -> EventView:
    name = f"subagent {event.run_id.rpartition('.')[2]}"
    match event:
        case ChildStarted(run_id, _, title, agent):
            role = f" as {agent}" if agent else ""
            return shown(event, f"{name}{role} begins: {title}", tone="waiting", run_id=run_id)
        case ChildEnded(run_id, _, title, outcome, steps):
            return shown(
                event,
                f"{name} ended: {outcome} after {count_of(steps, 'step')}: {title}",
                tone=OUTCOME_TONES.get(outcome, "plain"),
                run_id=run_id,
                outcome=outcome,
                step=steps,
                cost_usd=event.cost_usd,
            )
        case _:
            assert_never(event)


def _workflow_view(event: WorkflowChanged) -> EventView:
    label, nodes = f"workflow {event.name}, {progress_text(event.nodes)}", event.nodes
    tree = "\n".join(node_outline(nodes))
    return shown(event, label, tree, workflow_tone(nodes), nodes=node_fields(nodes))


def _prompt_view(event: CycleStarted | CyclePacked | BriefWritten) -> EventView:
    match event:
        case CycleStarted(number=1):
            return shown(event)
        case CycleStarted(number, reason):
            return shown(event, f"cycle {number}: {reason}", cycle=number)
        case CyclePacked(cycle=1, left_out=()):
            return shown(event)
        case CyclePacked():
            return shown(event, prompt_label(event), tone="muted", cycle=event.cycle)
        case BriefWritten(text):
            label = f"brief: {first(text)}" if text.strip() else ""
            return shown(event, label, text.strip(), "muted")
        case _:
            assert_never(event)


def _step_view(
    event: StepStarted | StepFinished | Streamed | ModelWaited | ModelAnswered,
) -> EventView:
    match event:
        case StepStarted(step, prompt_tokens):
            return shown(
                event, f"step {step}", tone="muted", step=step, prompt_tokens=prompt_tokens
            )
        case StepFinished(step):
            return shown(event, step=step, cost_usd=event.cost_usd)
        case Streamed():
            # The whole answer has words of its own.
            return shown(event)
        case ModelWaited(reason, attempt, delay_seconds):
            label = f"waiting {delay_seconds:.0f} s for the model, attempt {attempt}: {reason}"
            return shown(event, label, tone="waiting", attempt=attempt)
        case ModelAnswered(step, message):
            return shown(
                event,
                first(message.text),
                message.text.strip(),
                step=step,
                cache_hit_rate=event.billed.cache_hit_rate,
            )
        case _:
            assert_never(event)


def _tool_view(event: ToolCalled | ToolReturned) -> EventView:
    match event:
        case ToolCalled(step, call, title):
            return shown(event, title, tone="waiting", step=step, call_id=call.id, tool=call.name)
        case ToolReturned(step, call_id, tool, result, seconds):
            ending = result.ending or ("failed" if result.has_failed else "ok")
            # A call that was refused says in its line why.
            why = f": {first(result.output)}" if result.is_error and result.output else ""
            return shown(
                event,
                f"{ending}, {seconds:.1f} s{why}",
                result.output,
                "bad" if result.has_failed else "good",
                step=step,
                call_id=call_id,
                tool=tool,
                seconds=seconds,
            )
        case _:
            assert_never(event)


def _background_view(event: BackgroundStarted | BackgroundEnded) -> EventView:
    label = background_label(event)
    if isinstance(event, BackgroundStarted):
        return shown(event, label, background_id=event.id)
    has_failed = event.by == "itself" and event.exit_status != 0
    tone: Tone = "bad" if has_failed else "plain"
    return shown(event, label, event.last_lines, tone, background_id=event.id)


def _file_view(event: FileChanged | FileRestored | SnapshotTaken) -> EventView:
    match event:
        case FileChanged(path, before, after):
            verb = "created" if before is None else "deleted" if after is None else "changed"
            return shown(event, f"{verb} {path}", tone="muted", path=path)
        case FileRestored(path, None):
            return shown(event, f"restored {path}", path=path)
        case FileRestored(path, conflict):
            return shown(event, f"{path} was left alone: {conflict}", tone="bad", path=path)
        case SnapshotTaken():
            return shown(event)
        case _:
            assert_never(event)


def _message_view(
    event: PermissionAsked
    | PermissionAnswered
    | PermissionsChanged
    | MessageReceived
    | MessageRefused
    | Told
    | Warned,
) -> EventView:
    match event:
        case PermissionAsked(question):
            label = f"waits for permission: {question.summary}"
            return shown(event, label, question.detail, "waiting", question_id=question.id)
        case PermissionAnswered(question_id, answer, reason=reason, rule=rule):
            return shown(
                event,
                answered_label(event),
                tone="bad" if answer == "deny" else "good",
                question_id=question_id,
                answer=answer,
                reason=reason or None,
                rule=rule or None,
            )
        case PermissionsChanged(mode, rule):
            return shown(event, granted_label(event), permissions=mode, rule=rule or None)
        case MessageRefused(text, reason):
            title = f"a hook refused the message: {first(reason)}"
            return shown(event, title, text.strip(), "bad")
        case MessageReceived(text):
            return shown(event, f"message: {first(text)}", text.strip(), "muted")
        case Told(text):
            return shown(event, told_label(event), text.strip())
        case Warned(message):
            return shown(event, f"warning: {message}", tone="bad")
        case _:
            assert_never(event)


def _progress_view(event: ModeChanged | PlanChanged | GoalChecked) -> EventView:
    match event:
        case ModeChanged(mode):
            return shown(event, f"from here on: {mode} mode")
        case PlanChanged(items):
            return shown(event, f"plan, {progress(items)}", "\n".join(outline(items, "- ")))
        case GoalChecked(report):
            return shown(
                event,
                goal_label(report),
                report_text(report),
                "good" if report.met else "bad",
                verdicts={item.condition.id: item.verdict for item in report.conditions},
            )
        case _:
            assert_never(event)
