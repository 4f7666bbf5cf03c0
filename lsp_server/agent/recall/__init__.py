"""This package searches the journals for the tool `recall`: an index of each, and a search.

Journals are the truth, and the index is made from them anew in each process. Memory, which
may be missing, comes in behind it (`session/memory/run_memory.py`).
"""
