"""The goals of one workspace, across runs, restarts and editors.

`goals.py` is the living part: what happens, checks in the background. `goal_statuses.py`
says what is known of each condition now, from what is `goal_sources.py` and what the
`verdict_store.py` keeps. `goals_file.py` writes into the goals file, `check_approvals.py` says which
check commands may run.
"""

from lsp_server.session.goals.goal_statuses import ConditionStatus, GoalStatuses, GoalTotals
from lsp_server.session.goals.goals import Goals

__all__ = ["ConditionStatus", "GoalStatuses", "GoalTotals", "Goals"]
