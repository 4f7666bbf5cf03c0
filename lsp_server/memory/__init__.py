"""What is remembered of a workspace: its code, what runs did, and facts.

`session_memory.py` is the door: everything else is behind it. The tables are derived
from files and journals and may be deleted at any time, but for the facts. Here
belongs what is stored and how it is found; not here: what a prompt shows
(`agent`), how vectors are made (`embedders`). Sole importer of lancedb, pyarrow
and tree-sitter. Raises MemoryUnavailable and nothing else.
"""
