"""This module says what of a journal counts, since a run can be taken back to an earlier step.

A journal only grows: that a run was taken back is an Event of its own, and what it
took back is left out where the past is folded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsp_server.domain.attempt_events import AttemptStarted
from lsp_server.domain.events import RecordedEvent, StepFinished, StepStarted
from lsp_server.domain.rewind_events import Rewound
from lsp_server.domain.workflow_events import WorkflowChanged


def counted(records: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    """Returns the records of a journal that count: all but those that a Rewound took back.

    >>> from lsp_server.domain.messages import Usage
    >>> nothing = Usage()
    >>> events = [StepStarted(1, 9), StepStarted(2, 9), Rewound(1, nothing, nothing, 0.0)]
    >>> records = [RecordedEvent(number, "", event) for number, event in enumerate(events)]
    >>> [record.event.kind for record in counted(records)]
    ['step_started', 'rewound']
    """
    kept: list[RecordedEvent] = []
    for record in records:
        if isinstance(record.event, Rewound):
            del kept[end_of_step(kept, record.event.step) :]
        kept.append(record)
    return kept


def steps_of(records: Sequence[RecordedEvent]) -> list[int]:
    """Returns the numbers of the steps in the records, in their order."""
    return [one.event.step for one in records if isinstance(one.event, StepStarted)]


def end_of_step(records: Sequence[RecordedEvent], step: int) -> int:
    """Returns how many of the records there were when a step had ended; step 0 ends before the first.

    A run whose work is that of others has no steps: it begins with the first attempt or with its
    workflow. All of the records for a step that is not there.
    """
    is_over = step == 0
    for number, record in enumerate(records):
        match record.event:
            case StepStarted(step=begun):
                if is_over:
                    return number
                is_over = begun == step
            case AttemptStarted() | WorkflowChanged(call_id="") if step == 0:
                return number
            case StepFinished(step=ended) if is_over and ended == step:
                return number + 1
            case _:
                pass
    return len(records)
