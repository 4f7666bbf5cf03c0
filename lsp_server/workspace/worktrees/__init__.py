"""This room copies a workspace, so that several runs can work on it at the same time.

A copy is a working tree of git where the workspace is one, and plain files where not. Copies
lie in Holdfast's own data folder, each in a folder that is removed whole.
"""
