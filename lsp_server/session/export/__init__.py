"""This room writes a run down for others: to read, to grade, to apply.

`exported_run.py` is a run with its children, as the journals have them, without what was taken
back and without secrets. `trajectory.py` makes an ATIF trajectory of it, `page.py` a page of
HTML, `document.py` Markdown, and `prediction.py` a line for SWE-bench from what it changed.
"""
