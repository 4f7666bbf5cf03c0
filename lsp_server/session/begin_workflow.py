"""This module begins the run of a workflow, or goes on with the last one of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice

from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.agent.state import State
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Mode, RunId, Task
from lsp_server.domain.workflows import only_looking
from lsp_server.session.run import Run
from lsp_server.session.run_errors import RunBusy
from lsp_server.session.run_summary import RunSummary
from lsp_server.session.session import Session
from lsp_server.session.workflows.node_input import definition_digest
from lsp_server.session.workflows.workflow_agents import agents_of
from lsp_server.skills.custom_command import parse_invocation
from lsp_server.text.count import count_of

RUNS_LOOKED_AT_MAX = 100
"""So many of the newest runs are looked at for the last one of a workflow."""


@dataclass(frozen=True, slots=True)
class BegunWorkflow:
    """A `BegunWorkflow` is the run of a workflow; `goes_on` says that it had begun before."""

    run: Run
    goes_on: bool


async def begin_invoked(
    session: Session, prompt: str, mode: Mode, run_id: RunId | None = None
) -> BegunWorkflow | None:
    """Begins the workflow that a prompt names as in `/name`, or goes on with it; None for other prompts.

    A custom command of that name comes first. Raises HoldfastError for words behind the name,
    which no workflow reads, and as `begin_workflow`.
    """
    invocation = parse_invocation(prompt)
    if invocation is None or await session.skills.invoked(prompt) is not None:
        return None
    name, words = invocation
    if name not in [one.written.name for one in await session.workflows.found()]:
        return None
    if words.strip():
        raise HoldfastError(f"/{name} is a workflow, which takes no more words: leave them out")
    return await begin_workflow(session, name, mode=mode, run_id=run_id)


async def begin_workflow(
    session: Session,
    name: str,
    *,
    mode: Mode = "build",
    fresh: bool = False,
    run_id: RunId | None = None,
) -> BegunWorkflow:
    """Begins the workflow of that name, or goes on with its last run.

    That one goes on, in the mode that it has, if it fell short of its end or the workflow was
    edited since; with `fresh`, or a `run_id` to have, a new run begins whatever there was. Raises UnknownWorkflow, NotTrusted,
    UnusableNode, RunBusy, and as `Runs.begin`.
    """
    written = await session.workflows.named(name)
    await agents_of(written.workflow, session.skills)
    last = (
        None if fresh or run_id is not None else await asyncio.to_thread(_last_run, session, name)
    )
    if last is not None:
        if last.at_work:
            raise RunBusy(last.run_id, elsewhere=last.run_id not in session.runs.at_work)
        workflow = only_looking(written.workflow) if mode == "plan" else written.workflow
        if await asyncio.to_thread(_goes_on, session, last, mode, definition_digest(workflow)):
            return BegunWorkflow(session.runs.begin(last.run_id), goes_on=True)
    nodes = len(written.workflow.nodes)
    title = f"Workflow {name}: {written.description}".rstrip(": ")
    task = Task(
        f"{title}\n\n{count_of(nodes, 'node')}; see {written.path}",
        mode=mode,
        budget=session.settings.run.budget,
        workflow=name,
    )
    return BegunWorkflow(session.runs.start(task, run_id=run_id), goes_on=False)


def _last_run(session: Session, name: str) -> RunSummary | None:
    """Returns the newest run of a workflow. Blocking."""
    ids = islice(session.runs.store.ids(), RUNS_LOOKED_AT_MAX)
    summaries = (session.runs.find(run_id) for run_id in ids)
    return next((one for one in summaries if one is not None and one.workflow == name), None)


def _goes_on(session: Session, last: RunSummary, mode: Mode, definition: Id) -> bool:
    """Says whether a run in that mode has something left to do, or had another workflow. Blocking."""
    state = State()
    try:
        for event in session.runs.store.events(last.run_id):
            state.apply(event)
    except (JournalDamaged, OSError):
        return False
    task, known = state.conversation.task, state.workflows.by_call.get("")
    if task is None or task.mode != mode:
        return False
    if last.state not in ("achieved", "finished"):
        return True
    return known is not None and known.definition != definition
