"""This module knows the workflows of a run: how far each node is, and on which input it worked."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.domain.events import Event
from lsp_server.domain.ids import Id
from lsp_server.domain.workflow_events import WorkflowChanged


@dataclass(slots=True)
class WorkflowState:
    """A `WorkflowState` has each workflow as it was last, by the tool call that it works for."""

    by_call: dict[Id, WorkflowChanged] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        if isinstance(event, WorkflowChanged):
            self.by_call[event.call_id] = event
