"""This room sees the workspace as git does: what is ignored and tracked, revisions, and the history.

Git itself is asked where it is there; a repository's own programs never run.
"""
