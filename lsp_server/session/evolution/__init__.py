"""This room lets the evolution of one workspace take effect, for the front doors.

`evolution.py` is the door, and `session_inbox.py` takes what people answer. `idle_dreams.py` begins by itself, and `work_watch.py` ends that when a run begins in any process. `past_runs.py` reads the journals, `confirmation.py` runs again what a
suggestion rests on, `model_dreams.py` asks a model within what a day may cost, `inbox_file.py` keeps `.holdfast/inbox.md` as the inbox is, with the links of
`evidence_links.py`, and
`suggested_changes.py` makes true what a person accepted. `distiller.py` has drafts of skills made, and
`replays.py` tries them on past tasks (`past_case.py`). What is learned, and from what, is decided in `evolution/`.
"""

from lsp_server.session.evolution.distiller import Distiller, DistillReport
from lsp_server.session.evolution.evolution import DreamReport, Evolution

__all__ = ["DistillReport", "Distiller", "DreamReport", "Evolution"]
