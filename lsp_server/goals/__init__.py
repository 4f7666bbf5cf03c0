"""Is it done? Verdicts on goals, bound to evidence that the harness produced itself.

The words of the model never count here. A condition that no check covers is
reported as unverified, never as met.
To add a kind of check: its word in `domain/goals.py`, how it runs in
`checks.py`.
"""
