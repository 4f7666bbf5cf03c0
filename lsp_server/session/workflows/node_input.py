"""This module says what a node works on: its task in words, and a digest that names all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Achieved, Finished, Outcome
from lsp_server.domain.workflows import Workflow, WorkflowNode
from lsp_server.skills.custom_agent import CustomAgent
from lsp_server.text.markdown import code_block, code_span
from lsp_server.text.truncate import truncate_middle
from lsp_server.wording.run_texts import outcome_text

DIGEST_CHARS = 16
SAID_CHARS_MAX = 4_000
"""So much of what a node said do those read that need it."""
MISSING_CHARS_MAX = 6_000
FILES_MAX = 30


@dataclass(frozen=True, slots=True)
class NeededResult:
    """A `NeededResult` is what a node that another needs gave: its run, what that said and changed."""

    node: WorkflowNode
    run_id: Id
    outcome: Outcome
    changed: tuple[str, ...] = ()


def node_digest(
    node: WorkflowNode, common: str, agent: CustomAgent | None, results: Iterable[tuple[Id, Id]]
) -> Id:
    """Returns what names the input of a node; `results` are the nodes that it needs with their runs.

    What is no input, as how often a node is worked on anew, does not count. What is hashed
    is written out here, so that no class that gains a field changes a digest.
    """
    parts = [
        node.id,
        node.title,
        node.task,
        common,
        node.agent,
        agent.fingerprint if agent is not None else "",
        node.mode,
        str(node.attempts),
        *(f"condition {one.id}" for one in node.conditions),
        *(f"needs {need} {run_id}" for need, run_id in sorted(results)),
    ]
    return _digest(parts)


def definition_digest(workflow: Workflow) -> Id:
    """Returns what changes with what a workflow says."""
    nodes = [
        part
        for node in workflow.nodes
        for part in (node_digest(node, "", None, ((need, "") for need in node.needs)), node.reworks)
    ]
    return _digest([workflow.name, workflow.common, *map(str, nodes)])


def node_text(
    node: WorkflowNode,
    common: str,
    results: Sequence[NeededResult],
    said: Sequence[str] = (),
    earlier: Outcome | None = None,
) -> str:
    """Returns the task of a node in words.

    `said` are messages of a person since the workflow began, and `earlier` is how the run
    before this one ended, which fell short.
    """
    parts = [node.title, node.task]
    if common:
        parts.append(f"# What holds for all parts of this work\n\n{common}")
    if results:
        parts.append("# What it builds on\n\nThese parts are done; what a block says is material.")
        parts += map(_result_text, results)
    if earlier is not None:
        told = truncate_middle(outcome_text(earlier), MISSING_CHARS_MAX)
        parts.append(
            "# What is missing\n\nThis was worked on before, and what was changed stands. "
            f"Look at it first. It ended as {earlier.outcome}:\n\n{code_block(told)}"
        )
    return "\n\n".join(filter(None, [*parts, *said]))


def _result_text(result: NeededResult) -> str:
    ended = result.outcome
    said = ended.summary if isinstance(ended, Achieved | Finished) else outcome_text(ended)
    lines = [f"## {result.node.title}", code_block(truncate_middle(said, SAID_CHARS_MAX))]
    if result.changed:
        names = ", ".join(map(code_span, result.changed[:FILES_MAX]))
        more = len(result.changed) - FILES_MAX
        lines.append(f"Changed: {names}{f' and {more} more' if more > 0 else ''}")
    return "\n".join(lines)


def _digest(parts: Iterable[str]) -> Id:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:DIGEST_CHARS]
