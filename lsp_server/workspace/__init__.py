"""This room has files and commands as the agent sees them.

Here belongs whatever touches the disk or runs a program in the workspace. Decisions about
what is allowed (`tools/approval.py`) and texts that a model reads do not. `files` reads and
writes, `commands` runs, `git` sees the tree as git does, `checkpoints` keeps what was there
before, and `worktrees` copies what is there; each imports from those before it alone.
"""
