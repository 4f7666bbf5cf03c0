"""This module shows the state of all sessions as one status."""

from __future__ import annotations

from lsp_server.server.client import Client
from lsp_server.server.folders import Folders
from lsp_server.server.params.method_params import (
    ExtensionCounts,
    GoalCounts,
    IndexState,
    Status,
    Tokens,
)
from lsp_server.server.protocol import Method
from lsp_server.server.views.throttle import Throttle
from lsp_server.session.combined_status import combine_statuses
from lsp_server.session.memory import MemoryState
from lsp_server.session.session_status import SessionStatus
from lsp_server.wording.status_line import status_line

STATUS_SECONDS = 0.25
"""The status is sent at most four times a second."""


class StatusView:
    """`holdfast/status`, sent when it changed; and the same on demand."""

    def __init__(self, client: Client, folders: Folders, *, outlives_editor: bool = False) -> None:
        self._client = client
        self._outlives_editor = outlives_editor
        self._folders = folders
        self._sent: Status | None = None
        self._throttle: Throttle[None] = Throttle(STATUS_SECONDS, self._send)

    def status(self) -> Status:
        """Returns the state of the folder where most is going on, with the goals of all."""
        combined = combine_statuses([session.status() for session in self._folders.sessions()])
        if combined is None:
            return self._placed(Status(state="idle", message="no workspace folder is open"))
        return self._placed(_payload(combined))

    def _placed(self, status: Status) -> Status:
        """Says where the server is, if that is not where every other one is."""
        outlives = True if self._outlives_editor else None
        return status.model_copy(update={"outlives_editor": outlives})

    def update(self) -> None:
        """Sends the status soon, if the client wants it and it is not the last one sent."""
        if self._client.can.status:
            self._throttle.offer(None)

    def _send(self, _: None) -> None:
        status = self.status()
        if status != self._sent:
            self._sent = status
            self._client.notify(Method.STATUS, status)


def _payload(status: SessionStatus) -> Status:
    goals = status.goals
    return Status(
        state=status.state,
        message=status.message,
        line=status_line(
            status.state,
            goals.met,
            goals.total,
            status.step,
            status.cost_usd,
            len(status.background),
            status.children,
            status.attempts,
        ),
        run_id=status.run_id,
        outcome=status.outcome,
        title=status.title or None,
        step=status.step or None,
        tokens=Tokens(
            input=status.usage.prompt_tokens,
            cached=status.usage.cached_tokens,
            output=status.usage.completion_tokens,
        ),
        cost_usd=status.cost_usd or None,
        endpoint=status.endpoint,
        max_mode=status.max_mode or None,
        max_strategy=status.max_strategy,
        background=dict(status.background) or None,
        goals=GoalCounts(
            met=goals.met, unmet=goals.unmet, blocked=goals.blocked, total=goals.total
        ),
        index=_index_state(status.memory),
        agents=status.agents,
        extensions=ExtensionCounts(
            total=status.extensions.total,
            waiting=status.extensions.waiting,
            failed=status.extensions.failed,
        ),
        children=status.children,
        permissions=status.permissions,
        cache_hit_rate=_rounded(status.usage.cache_hit_rate),
        step_cache_hit_rate=_rounded(status.step_usage.cache_hit_rate),
        context_share=round(status.prompt_share, 3) or None,
    )


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _index_state(memory: MemoryState) -> IndexState:
    status = memory.status
    if status is None:
        return IndexState()
    return IndexState(files=status.files, pending=status.pending)
