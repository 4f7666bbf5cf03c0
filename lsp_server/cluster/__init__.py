"""This room spreads work over the machines of a Ray cluster.

`ray_cluster.py` connects and maps a function over parts; `file_reader.py` and `embedder.py`
are what a base is built with, in the place of those of one machine: the builder does not
know of them, so that its rows are the same. `fresh_processes.py` has a process for each part,
for what may take its machine down, such as a cell of an evaluation. This room alone imports ray, when it is used.
"""
