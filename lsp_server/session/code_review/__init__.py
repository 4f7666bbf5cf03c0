"""This room reviews what a person changed: a run that only looks, and what of its answer holds.

The run gets the diff and names findings, each with the failure that it would cause and a quote of
the line (`review_task.py`). A finding whose quote is not in the diff is dropped (`findings.py`).
"""
