"""The goals of one workspace, across runs, restarts and editors.

`goals.py` is the living part: what happens, checks in the background. `board.py`
says what is known of each condition now, from what is `stated.py` and what the
`ledger.py` keeps. `file.py` writes into the goals file, `permits.py` says which
check commands may run.
"""

from lsp_server.session.goals.board import Board, Counts, Place
from lsp_server.session.goals.goals import Goals

__all__ = ["Board", "Counts", "Goals", "Place"]
