"""Files and processes as the agent sees them.

Here belongs what touches the disk or starts a program: paths, text and its
encoding, open buffers, ignore rules, commands, checkpoints. What does not: any
decision about what is allowed (`tools/approval.py`) and anything that a model
reads. Sole importer of pathspec and merge3.
"""
