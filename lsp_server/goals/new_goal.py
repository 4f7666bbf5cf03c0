"""This module makes goals that a person states outside of the goals file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import Check, CommandCheck, Condition, Goal
from lsp_server.goals.goal_ids import GoalIds


def make_goal(title: str, conditions: tuple[tuple[str, tuple[Check, ...]], ...]) -> Goal:
    """Returns a goal of texts and their checks, with the ids that it will have once it is in the file."""
    ids = GoalIds()
    return Goal(
        ids.goal_id(title),
        title,
        tuple(
            Condition(ids.condition_id(text, checks), text, checks) for text, checks in conditions
        ),
    )


def stated_goal(title: str, stated: Sequence[tuple[str, tuple[str, ...]]]) -> Goal:
    """Returns the goal of conditions, each a text of what must hold and the commands that show it.

    Without a text its commands say what must hold. Raises HoldfastError where a part is empty.

    >>> goal = stated_goal("It retries", (("", ("pytest -q",)), ("The API is as it was", ())))
    >>> [condition.text for condition in goal.conditions]
    ['`pytest -q` succeeds', 'The API is as it was']
    """
    for text, commands in stated:
        _require_words((text,) if text or not commands else (), commands)
    conditions = tuple(
        (
            text or " and ".join(f"`{command}`" for command in commands) + " succeeds",
            tuple(CommandCheck(command) for command in commands),
        )
        for text, commands in stated
    )
    return make_goal(title, conditions)


def goal_from_parts(
    texts: tuple[str, ...], commands: tuple[str, ...], title: str = ""
) -> Goal | None:
    """Returns the goal that a person states as texts of what must hold and commands that show it.

    A single text is what all the commands show; otherwise each is a condition of its own.
    None when nothing is stated. Raises HoldfastError where a part is empty, since an
    empty command succeeds and shows nothing.

    >>> goal = goal_from_parts(("All tests pass",), ("pytest -q",))
    >>> goal.title, goal.conditions[0].checks
    ('All tests pass', (CommandCheck(command='pytest -q'),))
    """
    _require_words(texts, commands)
    checks = tuple(CommandCheck(command) for command in commands)
    conditions: list[tuple[str, tuple[Check, ...]]] = []
    if len(texts) == 1:
        conditions = [(texts[0], checks)]
    else:
        conditions += [(text, ()) for text in texts]
        conditions += [(f"`{check.command}` succeeds", (check,)) for check in checks]
    if not conditions:
        return None
    return make_goal(title or "; ".join(text for text, _ in conditions), tuple(conditions))


def _require_words(texts: Iterable[str], commands: Iterable[str]) -> None:
    if not all(command.strip() for command in commands):
        raise HoldfastError("a check is empty; name a command that must exit 0")
    if not all(text.strip() for text in texts):
        raise HoldfastError("a condition is empty; say what must hold")
