"""Is it done? Verdicts on goals, bound to evidence that the harness produced itself.

The words of the model that works never count here, and a condition of which
nothing is known is `unverified`, never `met`.
To add a kind of check: its type and words in `domain/goals.py`, how it is
written in `goals_document.py`, how it runs in `checks.py`. To read another tool's
output: a parser in `findings.py`.
"""
