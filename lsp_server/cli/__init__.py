"""The command line: what a person types, and what a terminal shows of a run.

It opens a session without an editor and renders its Events. It decides nothing
that an editor would need too. To add a command: a file here with its work, and
its flags in `app.py`.
"""
