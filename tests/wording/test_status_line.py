from __future__ import annotations

import pytest

from lsp_server.wording.status_line import status_line


@pytest.mark.parametrize(
    ("state", "goals", "run", "line"),
    [
        ("idle", (0, 0), (0, 0.0), ""),
        ("idle", (2, 5), (0, 0.0), "2/5 goals"),
        ("idle", (0, 1), (0, 0.0), "0/1 goal"),
        ("running", (2, 5), (14, 0.034), "2/5 goals · step 14 · $0.03"),
        ("running", (0, 0), (1, 0.0), "step 1"),
        ("running", (0, 0), (0, 0.0), ""),
        ("waiting", (0, 0), (3, 0.0), "waits for you · step 3"),
        ("indexing", (0, 0), (0, 0.0), "indexing"),
        ("error", (1, 2), (9, 1.0), "1/2 goals"),
        # What the last run did is no news.
        ("idle", (2, 5), (9, 1.0), "2/5 goals"),
    ],
)
def test_the_line_says_what_matters_now(
    state: str, goals: tuple[int, int], run: tuple[int, float], line: str
) -> None:
    assert status_line(state, *goals, *run) == line
