"""This module says how a run ends that changed nothing, as what it wanted last was not allowed.

What was to be done and nobody allowed is blocked, with what would let it go on. A question
is answered all the same, a plan is one without it, and what a person denied is settled.
"""

from __future__ import annotations

from lsp_server.agent.asking import is_question
from lsp_server.agent.state import State
from lsp_server.domain.permissions import PermissionMode
from lsp_server.domain.tasks import Blocked, Finished
from lsp_server.domain.tools import Denial

DENIALS_MAX = 10
"""So many of the newest calls that were not allowed are named."""


def without_permission(state: State, summary: str, mode: PermissionMode) -> Blocked | Finished:
    """Returns the outcome of a run whose last effects were all denied.

    `mode` is that of the permissions, by which what would allow them is named.
    """
    denials = dict(list(state.grants.denials.items())[-DENIALS_MAX:])
    asked = state.conversation.requests[-1] if state.conversation.requests else ""
    settled = all(denial.by == "person" for denial in denials.values())
    task = state.conversation.task
    if settled or is_question(asked) or (task is not None and task.mode == "plan"):
        return Finished(summary, f"nothing was changed; not allowed: {', '.join(denials)}")
    listed = "".join(f"\n- {title}: {_why(denial)}" for title, denial in denials.items())
    return Blocked(
        f"Nothing was changed, as it was not allowed to:{listed}\n"
        f"{_what_helps(tuple(denials.values()), mode)} The agent says: {summary}"
    )


def _why(denial: Denial) -> str:
    match denial.by:
        case "settings" | "hook":
            return denial.reason
        case "person":
            return "denied" + (f": {denial.reason}" if denial.reason else "")
        case "nobody":
            rule = f"; the rule `{denial.rule}` allows it" if denial.rule else ""
            return f"nobody could be asked{rule}"


def _what_helps(denials: tuple[Denial, ...], mode: PermissionMode) -> str:
    """Names the settings and flags that would let the run go on."""
    refusers = {denial.by for denial in denials}
    if refusers <= {"settings", "hook"}:
        setting = "permissions.mode" if mode == "read-only" else "permissions.deny"
        places = {"settings": f"{setting} in the settings", "hook": "the hook"}
        changed = " and ".join(places[each] for each in places if each in refusers)
        return f"Change {changed}, or say what else to do."
    if mode in ("ask", "auto-edit"):
        return (
            "Should it be done? Answer where you can be asked, put a rule into permissions.allow, "
            "or let it work in the sandbox: permissions.mode sandboxed, or --yes on a terminal."
        )
    return "Should it be done? Answer where you can be asked, or put a rule into permissions.allow."
