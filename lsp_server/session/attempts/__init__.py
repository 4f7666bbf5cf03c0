"""This room makes several whole runs of one task, each in a copy of the workspace, and takes one.

What was shown decides: an attempt whose goal's checks hold is taken whatever a judge would
say; a judge compares only those that nothing else tells apart. Each attempt is a run like any
other (`session.run.Run`), a child of the run that people see. What a copy is made of comes in
from outside (`AttemptWorkspace`). To add a strategy: a row in `strategies.py`.
"""
