"""This room is one workspace folder at work: its runs, permissions, goals and memory.

Every task that outlives a call is started, named and ended here. The room knows
Tasks and Events, no editor protocol and no model; `assemble` hands it the
pieces. `session.py` is the door. Whatever happens inside a run ends as an
Outcome at the boundary in `run.py`.
"""
