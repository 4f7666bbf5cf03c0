"""This room holds the memory of one workspace as its runs and its people use it.

`session_memory.py` is the door. Behind it, `opening.py` opens memory beside the
work, `index_runs.py` brings the code index up to date, `session_facts.py` keeps
claims and forgets them, `action_recorder.py` makes rows of what runs do, and
`backfill.py` of what journals and git tell. `evidence.py` decides which claims
are verified. `forgetting.py` removes for good, with `journal_redaction.py` from
journals too. `run_memory.py` gives runs their part, and `hit_format.py` puts hits
into words.
"""

from lsp_server.session.memory.session_memory import MemoryState, SessionMemory

__all__ = ["MemoryState", "SessionMemory"]
