"""The package measures Python source: its size, its words and its habits.

Each file has one idea and returns data: `sources.py` reads the files, the others count in them,
`rules.py` names those that break a limit, and `table.py` puts the figures side by side.
"""
