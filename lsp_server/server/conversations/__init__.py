"""This room has conversations in files: a person writes into one, and runs answer below.

It needs nothing of an editor but edits and code actions, so that every editor has one.
"""
