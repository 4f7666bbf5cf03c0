"""The long-horizon loop: ask, act, record, check.

It sees a Model, a Toolbox and a Verifier and says what happens as Events. It
knows no editor protocol, no vendor and no database, and it has no branch for
Max Mode. What it knows of the past is a fold over the journal, so a run that
was killed goes on from the same prompt.
To add a fence: a rule in `guards.py`. To keep a new fact across cycles: fold
it in `state.py` and give it a section in `state_summary.py`.
"""
