"""What is left of steps, tokens, money and seconds."""

from __future__ import annotations

from lsp_server.domain.errors import BudgetExceeded
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Budget


def check(budget: Budget, *, steps: int, billed: Usage, cost_usd: float, seconds: float) -> None:
    """Raises BudgetExceeded when one more step would go over a limit."""
    limits: tuple[tuple[str, float | None, float, str], ...] = (
        ("steps_max", budget.steps_max, steps, "steps"),
        ("tokens_max", budget.tokens_max, billed.total_tokens, "tokens"),
        ("cost_usd_max", budget.cost_usd_max, cost_usd, "US dollars"),
        ("wall_seconds_max", budget.wall_seconds_max, seconds, "seconds"),
    )
    for name, limit, spent, unit in limits:
        if limit is not None and spent >= limit:
            raise BudgetExceeded(
                f"the limit run.{name} = {limit:g} {unit} is reached; "
                f"raise it and resume the run to go on",
                limit=name,
            )
