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
        (
            "\u26a0\ufe0f 1\ufe0f\u20e3 \u3042\u3000\u3044",
            "\u26a0\ufe0f 1\ufe0f\u20e3 \u3042\u3000\u3044",
        ),
        ("\u26a0\ufe0f\ufe0f", "\u26a0\ufe0f\\ufe0f"),
        ("a\u3164 = 1", "a\\u3164 = 1"),
        ("rm\u00a0-r\u2003x\u2800y", "rm\\xa0-r\\u2003x\\u2800y"),
    ],
)
def test_nothing_can_hide_a_part_of_what_is_asked(text: str, shown: str) -> None:
    assert visible(text) == shown


UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u200b\u200f\u2028"
    "\u202e\u2060\u2064\u2065\u2066\u206f\u3164\ufe00\ufe0f\ufeff\uffa0\ufff0\ufff8\ue000\x85\x9b"
    "\U0001d173\U000e0001\U000e0041\U000e0100\U000e01ef\U000e0fff\U000f0000"
    "\u00a0\u1680\u2000\u200a\u202f\u205f\u2800"
)


@pytest.mark.parametrize("char", UNSEEN)
def test_what_nobody_sees_is_spelled_out(char: str) -> None:
    assert visible(f"a{char}b") == f"a{char.encode('unicode_escape').decode()}b"
