"""This room lets the evolution of one workspace take effect, for the front doors.

`evolution.py` is the door, and `session_inbox.py` takes what people answer. `past_runs.py` reads the journals, `confirmation.py` runs again what a
suggestion rests on, `model_dreams.py` asks a model within what a day may cost, `inbox_file.py` keeps `.holdfast/inbox.md` as the inbox is, with the links of
`evidence_links.py`, and
`suggested_facts.py` makes true what a person accepted. What is learned, and from what, is decided in `evolution/`.
"""

from lsp_server.session.evolution.evolution import DreamReport, Evolution

__all__ = ["DreamReport", "Evolution"]
