"""This room gives verdicts on goals, bound to evidence that the harness produced itself.

The words of the model that works never count here, and a condition of which
nothing is known is `unverified`, never `met`.
To add a kind of check: its type and description in `domain/goals.py`, its
spelling in `check_syntax.py`, its part of an id in `goal_ids.py`, how it runs in
`checks.py`. To read another tool's output: a pattern in `findings.py`.
"""
