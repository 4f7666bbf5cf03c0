"""This room keeps the goals of one workspace, across runs, restarts and editors.

`goals.py` follows what happens and is the door. `goal_statuses.py` says what is
known of each condition now: from what is written (`goal_sources.py`) and what was
shown (`verdict_store.py`). `goal_checks.py` runs checks outside of runs.
`goals_file.py` writes into the goals file, and `check_approvals.py` decides which
check commands may run.
"""

from lsp_server.session.goals.goal_statuses import ConditionStatus, GoalStatuses, GoalTotals
from lsp_server.session.goals.goals import Goals

__all__ = ["ConditionStatus", "GoalStatuses", "GoalTotals", "Goals"]
