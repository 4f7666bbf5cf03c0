"""This room remembers a workspace: its code, what runs did, and facts.

`memory.py` is the door. Behind it, reading (`reader.py`) is apart from writing
(`code_writer.py` and `record_writer.py`, driven by `writer.py`); all of them share
`memory_tables.py`. The tables are derived from files and journals and may be
deleted at any time, except for facts.

Here belongs what is stored and how it is found. What a prompt shows belongs in
`agent`, how vectors are made in `embedders`. This room alone imports lancedb,
pyarrow and tree-sitter. It raises MemoryUnavailable and nothing else.
"""
