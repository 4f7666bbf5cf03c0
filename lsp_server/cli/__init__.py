"""This room is the command line: what a person types, and what a terminal shows of a run.

It opens a session without an editor and renders its Events. It decides nothing
that an editor would need too. To add a command: write its work in a file here,
with `command_session` and `run_command`, and its flags in `app.py`. What only asks memory
opens that alone (`opened_memory`), which loads far less.
"""
