"""This room measures what the agent is worth: tasks, arms, repeats, and a report on them.

A cell is one task, worked on once under one arm, which is settings over the person's own. Each
cell has a workspace of its own, and the task's tests say what came of it (`cell_run.py`,
`grading.py`), here or on a machine of a cluster (`cluster_cells.py`). `grid.py` works on the cells that have no result yet and keeps each result as a
line (`results_file.py`), `summary.py` computes what they say, and `report_markdown.py` and
`report_page.py` show it. Tasks come in Harbor's format (`harbor_task.py`) or as SWE-bench
instances (`swe_bench.py`); `suite/` has twenty that ship. To add an arm: a row in `arms.py`.
"""
