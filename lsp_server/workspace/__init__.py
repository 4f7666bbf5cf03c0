"""This room has files and commands as the agent sees them.

Here belongs whatever touches the disk or starts a program: paths, text and its
encoding, open buffers, ignore rules, commands, checkpoints. Decisions about what
is allowed (`tools/approval.py`) and texts that a model reads do not. Sole
importer of merge3.
"""
