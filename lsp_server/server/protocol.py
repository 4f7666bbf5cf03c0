"""This module has the names of our own on the wire: commands, methods, codes.

`scripts/client_protocol.py` writes them for the VS Code extension; the shapes that
travel with them are in `params/`. Only the standard library is imported, since this is
needed before `initialize`.
"""

from __future__ import annotations

from enum import StrEnum

SOURCE = "holdfast"
"""The source of our diagnostics, the settings section and the progress prefix."""

DOCUMENT_SCHEME = "holdfast-document"
"""The scheme of documents whose text the server gives, where a client asks for it."""

PROJECT_SETTINGS_FILE = ".holdfast/config.toml"


class CommandName(StrEnum):
    """These are the commands that `workspace/executeCommand` takes."""

    RUN_START = "holdfast.run.start"
    RUN_STOP = "holdfast.run.stop"
    RUN_RESUME = "holdfast.run.resume"
    RUN_SEND = "holdfast.run.send"
    RUN_LIST = "holdfast.run.list"
    RUN_EVENTS = "holdfast.run.events"
    RUN_RENAME = "holdfast.run.rename"
    RUN_DELETE = "holdfast.run.delete"
    RUN_SHOW = "holdfast.run.show"
    RUN_CHANGES = "holdfast.run.changes"
    RUN_KEEP = "holdfast.run.keep"
    RUN_UNDO = "holdfast.run.undo"
    RUN_REWIND = "holdfast.run.rewind"
    RUN_FORK = "holdfast.run.fork"
    MAX_PROPOSE = "holdfast.max.propose"
    MAX_ACCEPT = "holdfast.max.accept"
    MAX_SWITCH = "holdfast.max.switch"
    GOAL_NEW = "holdfast.goal.new"
    GOAL_CHECK = "holdfast.goal.check"
    GOAL_LIST = "holdfast.goal.list"
    GOAL_WAIVE = "holdfast.goal.waive"
    MEMORY_SEARCH = "holdfast.memory.search"
    MEMORY_WHY = "holdfast.memory.why"
    MEMORY_REMEMBER = "holdfast.memory.remember"
    MEMORY_FORGET = "holdfast.memory.forget"
    MEMORY_REINDEX = "holdfast.memory.reindex"
    MEMORY_STATUS = "holdfast.memory.status"
    CONVERSATION_SEND = "holdfast.conversation.send"
    COMMAND_RUN = "holdfast.command.run"
    SKILL_LIST = "holdfast.skill.list"
    SKILL_SHOW = "holdfast.skill.show"
    MCP_LIST = "holdfast.mcp.list"
    EXTENSION_LIST = "holdfast.extension.list"
    WORKFLOW_RUN = "holdfast.workflow.run"
    WORKFLOW_LIST = "holdfast.workflow.list"
    EVOLVE_DREAM = "holdfast.evolve.dream"
    EVOLVE_DISTILL = "holdfast.evolve.distill"
    EVOLVE_STATUS = "holdfast.evolve.status"
    EVOLVE_ACCEPT = "holdfast.evolve.accept"
    EVOLVE_REJECT = "holdfast.evolve.reject"
    EVOLVE_RESTORE = "holdfast.evolve.restore"
    MODEL_LIST = "holdfast.model.list"
    MODEL_CHOOSE = "holdfast.model.choose"
    REVIEW_RUN = "holdfast.review.run"
    COMMIT_MESSAGE = "holdfast.commit.message"
    TRUST = "holdfast.trust"
    PERMISSION_ANSWER = "holdfast.permission.answer"
    PERMISSION_MODE = "holdfast.permission.mode"
    STATUS = "holdfast.status"
    DOCTOR = "holdfast.doctor"


class Method(StrEnum):
    """These methods are our own, and used only with clients that declare them."""

    STATUS = "holdfast/status"
    EVENT = "holdfast/event"
    DIAGNOSTICS = "holdfast/diagnostics"
    SAVE = "holdfast/save"
    QUESTIONS = "holdfast/questions"


class DiagnosticCode(StrEnum):
    """These are the `code`s of the diagnostics that we publish."""

    PERMISSION_PENDING = "permission-pending"
    RUN_FAILED = "run-failed"
    GOAL_UNMET = "goal-unmet"
    GOAL_STALE = "goal-stale"
    GOAL_BLOCKED = "goal-blocked"
    GOAL_IMPOSSIBLE = "goal-impossible"
    GOAL_UNVERIFIED = "goal-unverified"
    GOALS_FILE_INVALID = "goals-file-invalid"
    SKILL_INVALID = "skill-invalid"
    REVIEW_FINDING = "review-finding"


class ActionKind(StrEnum):
    """These kinds of code actions are on offer; `code_actions.py` says which is used when."""

    QUICK_FIX = "quickfix"
    REWRITE = "refactor.rewrite"
    RUN = "holdfast"


INDEX_TOKEN = f"{SOURCE}/index"
"""The beginning of the token of an index run's progress."""


def progress_token(run_id: str, turn: int = 1) -> str:
    """Returns the token of a run's progress; each time that it goes on it is another one.

    >>> progress_token("r1"), progress_token("r1", 2)
    ('holdfast/r1', 'holdfast/r1/2')
    """
    return f"{SOURCE}/{run_id}" if turn == 1 else f"{SOURCE}/{run_id}/{turn}"


def run_of_token(token: int | str) -> str | None:
    """Returns the run that a progress token belongs to, None if it is not one of ours.

    >>> run_of_token(progress_token("r1")), run_of_token(progress_token("r1", 2))
    ('r1', 'r1')
    """
    prefix = f"{SOURCE}/"
    if isinstance(token, str) and token.startswith(prefix):
        return token.removeprefix(prefix).partition("/")[0]
    return None
