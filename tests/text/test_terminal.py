"""An output is read as a terminal leaves it; no sequence and no character hides anything of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text.terminal import terminal_text

SEQUENCES = (
    "\x1b[0m", "\x1b[1;31m", "\x1b[38:2::1:2:3m", "\x1b[?25l", "\x1b[>4;2m", "\x1b[!p", "\x1b[2 q",
    "\x1b[2J", "\x1b[H", "\x1b[12;40H", "\x1b[A", "\x1b[?2004h", "\x1b[200~", "\x1b[=1;2u", "\x9b31m",
    "\x1b]0;a title\x07", "\x1b]8;;https://example.com/?a=b;c\x1b\\", "\x1b]52;c;aGk=\x9c",
    "\x1b]133;A\x07", "\x1b]1337;File=inline=1:AAAA\x07", "\x9d0;title\x9c",
    "\x1bP0;1|17/ab\x1b\\", "\x1bPq#0;2;0;0;0~~@@\nvv$\x1b\\", "\x90q\x9c",
    "\x1b_Gf=24;AAAA\x1b\\", "\x1b^private\x1b\\", "\x1bXstart of string\x1b\\", "\x9fa\x9c",
    "\x1b(B", "\x1b)0", "\x1b*A", "\x1b#8", "\x1b%G", "\x1b F", "\x1b7", "\x1b8", "\x1b=", "\x1b>",
    "\x1bc", "\x1bD", "\x1bE", "\x1bM", "\x1bN", "\x1bO", "\x1bZ", "\x1bl", "\x1b\\",
    "\x00", "\x01", "\x05", "\x07", "\x0e", "\x0f", "\x11", "\x13", "\x18", "\x1a", "\x7f",
    "\x80", "\x84", "\x8d", "\x9c",
)  # fmt: skip
"""What terminals take in and do not show."""

hostile = st.text(
    st.one_of(
        st.sampled_from("\x1b\x9b\x9d\x9c\x90[]()P_^X\\;?0123m KG\x07\b\r\n\t\x00\x0b\x0c\x85"),
        st.characters(),
    ),
    max_size=60,
)


@pytest.mark.parametrize("sequence", SEQUENCES, ids=ascii)
def test_a_sequence_is_not_shown_and_takes_nothing_else_away(sequence: str) -> None:
    assert terminal_text(f"before{sequence}|after\nnext") == "before|after\nnext"
    assert terminal_text(f"{sequence}é{sequence}") == "é"


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("", ""),
        ("plain é 漢 🙂\n\n", "plain é 漢 🙂\n\n"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("one\r\r\ntwo\r", "one\ntwo"),
        ("10 %\r20 %\r100 %\ndone", "100 %\ndone"),
        ("10 files\r9 files\n", "9 files\n"),
        ("\r\x1b[Kone\r\x1b[Ktwo\n", "two\n"),
        ("\x1b[2K\x1b[1Gone\x1b[2K\x1b[1Gtwo", "two"),
        ("working |\b/\b-\b\\\bdone", "working done"),
        ("12%\b\b\b34%\b\b\b56%", "56%"),
        ("N\bNA\bAM\bME\bE and _\bu_\bn_\bd", "NAME and und"),
        ("secret\b \b\b \b", "secr  "),
        ("abc\b\b\x1b[K", "a"),
        ("\b\b\bx", "x"),
        ("a\nb\rc\nd", "a\nc\nd"),
        ("a\tb\x0bc\x0cd\x85e\u2028f", "a\tb\x0bc\x0cd\x85e\u2028f"),
        # What begins and does not end hides nothing of what follows.
        ("\x1b]0;no end\nand more", "0;no end\nand more"),
        ("\x1bPno end", "no end"),
        ("\x1b]8;;a\x1b[1mb", "8;;ab"),
        ("\x1b[", ""),
        ("\x1b[31", ""),
        ("\x1b[31\nx", "\nx"),
        ("\x1b\x1b[31m[31mx", "[31mx"),
    ],
)
def test_a_line_is_what_is_left_of_it(output: str, shown: str) -> None:
    assert terminal_text(output) == shown


@given(hostile)
def test_nothing_is_left_that_a_terminal_obeys(output: str) -> None:
    shown = terminal_text(output)
    assert not re.search("[\x00-\x08\x0d-\x1f\x7f-\x84\x86-\x9f]", shown)
    assert terminal_text(shown) == shown


@given(hostile)
def test_lines_stay_in_their_number_where_no_string_of_the_terminal_holds_one(output: str) -> None:
    output = re.sub("[\x90\x98\x9d-\x9fPX^_\\]]", "", output)
    assert terminal_text(output).count("\n") == output.count("\n")


@given(st.text(st.characters(exclude_categories=["Cc"])))
def test_a_text_without_control_characters_stays(text: str) -> None:
    assert terminal_text(text) == text
