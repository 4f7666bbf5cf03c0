"""This package keeps what is known of a run without asking a model: six folds over its Events.

`Progress` counts, `Conversation` knows what was said and is still unanswered,
`WorkLog` what was done, `GoalProgress` what the last check of the goal found,
`MaxModeState` what Max Mode proposed and `Grants` what was allowed for the rest of the run and what was not. To keep a new fact across cycles, fold it in the
one that it belongs to and give it a section in `state_summary.py`.
"""

from lsp_server.agent.state.state import State

__all__ = ["State"]
