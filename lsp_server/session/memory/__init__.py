"""The memory of one workspace, as its runs and its people use it.

`session_memory.py` opens it beside the work and answers questions; `action_recorder.py` makes
rows of what runs do, `backfill.py` of what journals and git tell. `forget_request.py`
takes away for good, with `journal_redaction.py` from journals too. `hit_format.py` puts hits
into words, `changed_lines.py` knows where runs left something.
"""

from lsp_server.session.memory.session_memory import MemoryState, SessionMemory

__all__ = ["MemoryState", "SessionMemory"]
