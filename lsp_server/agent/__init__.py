"""This package is the long-horizon agent: it asks a model, carries out calls, records, checks.

It sees a Model, a Toolbox and a StopPolicy, and says what happens as Events. It knows no
editor protocol, no vendor and no database, and it has no branch for Max Mode. What it
knows of the past is a fold over the journal, so a run that was killed goes on from the
same prompt. Start with `loop.py`, then `event_log.py` and `compaction.py`.
To add a guard: a rule in `guards.py`. To keep a new fact across cycles: a field in one of
the folds of `state/`, and a section in `state/state_summary.py`.
"""
