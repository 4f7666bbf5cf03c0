"""This module composes the state of a run: folds over one stream of Events."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.agent.state.attempts_state import AttemptsState
from lsp_server.agent.state.background import Background
from lsp_server.agent.state.conversation import Conversation
from lsp_server.agent.state.goal_progress import GoalProgress
from lsp_server.agent.state.grants import Grants
from lsp_server.agent.state.max_mode_state import MaxModeState
from lsp_server.agent.state.progress import Progress
from lsp_server.agent.state.work_log import WorkLog
from lsp_server.agent.state.workflow_state import WorkflowState
from lsp_server.domain.events import Event


@dataclass(slots=True)
class State:
    """A `State` has the facts of a run so far, in its folds.

    Two replays of one journal give equal states; nothing but Events changes one.

    >>> from lsp_server.domain.events import StepStarted
    >>> state = State()
    >>> state.apply(StepStarted(step=3, prompt_tokens=1200))
    >>> state.progress.step
    3
    """

    progress: Progress = field(default_factory=Progress)
    conversation: Conversation = field(default_factory=Conversation)
    work: WorkLog = field(default_factory=WorkLog)
    goal: GoalProgress = field(default_factory=GoalProgress)
    max_mode: MaxModeState = field(default_factory=MaxModeState)
    grants: Grants = field(default_factory=Grants)
    background: Background = field(default_factory=Background)
    attempts: AttemptsState = field(default_factory=AttemptsState)
    workflows: WorkflowState = field(default_factory=WorkflowState)

    def apply(self, event: Event) -> None:
        """Takes an Event in. Only this changes the state."""
        self.progress.apply(event)
        self.conversation.apply(event)
        self.work.apply(event)
        self.goal.apply(event)
        self.max_mode.apply(event)
        self.grants.apply(event)
        self.background.apply(event)
        self.attempts.apply(event)
        self.workflows.apply(event)

    @property
    def about(self) -> str:
        """Returns the task and the focus as one text, for a search in memory."""
        return "\n".join(filter(None, [*self.conversation.requests[:1], self.focus]))

    @property
    def focus(self) -> str:
        """Returns the person's last message since the task, and what is being done."""
        return "\n".join([*self.conversation.requests[1:][-1:], *self.progress.doing])
