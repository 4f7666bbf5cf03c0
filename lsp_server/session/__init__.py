"""One workspace folder at work: its runs, its pending permissions, its background tasks.

Every task that outlives a call is started, named and ended here. It knows
Tasks and Events, no editor protocol and no model; `assemble` hands it the
pieces. Whatever happens inside a run ends as an Outcome at the boundary in
`runs.py`.
"""
