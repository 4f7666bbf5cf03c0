"""The memory of one workspace, as its runs and its people use it.

`memory.py` opens it beside the work and answers questions; `chronicle.py` makes
rows of what runs do, `past.py` of what journals and git tell. `forgetting.py`
takes away for good, with `expunging.py` from journals too. `found.py` puts hits
into words, `touched.py` knows where runs left something.
"""

from lsp_server.session.memory.memory import MemoryState, SessionMemory

__all__ = ["MemoryState", "SessionMemory"]
