"""This room works through workflows: plans as graphs, whose nodes are children of one run.

`workflow_file.py` reads what people write, `session_workflows.py` has those of a session that
may be used. `workflow_work.py` works through one, for a run of its own (`workflow_agent.py`)
or for a tool call of another (`workflow_calls.py`); what a node worked on is named by a digest
(`node_input.py`), so that what did not change is not done again.
"""
