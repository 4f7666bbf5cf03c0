"""This package puts the pieces together: only here do concrete classes of different rooms meet.

There is a file for each thing that is put together: a session, the tools of a run, its
model, its judges. Nothing is decided here and nothing is kept beyond what the
pieces share (`workspace_services.py`). To plug in a new piece: make it in the file of what it
becomes a part of.
"""
