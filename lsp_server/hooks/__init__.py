"""This room runs hooks: commands of a person's own, at set moments of a run, which may say no.

The wire is that of Claude Code, so that hooks which people have go on to work: JSON on
standard input, an exit status of 0 or 2, or JSON on standard output
(https://docs.claude.com/en/docs/claude-code/hooks, as of 2026).
"""
