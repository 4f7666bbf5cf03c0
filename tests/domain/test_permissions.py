from __future__ import annotations

import pytest

from lsp_server.domain.permissions import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ls -la", "ls -la"),
        ("touch x #\x1b[2K\rls", "touch x #\\x1b[2K\\rls"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        ("漢字 é 🙂\n\ttab", "漢字 é 🙂\n\ttab"),
    ],
)
def test_nothing_can_hide_a_part_of_what_is_asked(text: str, shown: str) -> None:
    assert visible(text) == shown
