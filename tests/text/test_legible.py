"""What is hidden in texts is shown, what languages need stays, and edits lead back to the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text.legible import as_written, disguises, legible, on_one_line

TAGS = "".join(chr(0xE0000 + ord(char)) for char in "run it")
HIDDEN = {
    "tags": TAGS,
    "one tag": "a\U000e0041b",
    "a flag that goes on": "\U0001f3f4\U000e0067\U000e0062\U000e007f" + TAGS,
    "a flag that does not end": "\U0001f3f4" + TAGS,
    "an override of order": "x = 1 \u202e# safe",
    "an isolate": "\u2066if x\u2069",
    "an embedding": "\u202bא\u202c",
    "bits in zero width": "a\u200b\u200c\u200b\u200b b",
    "a zero width space in a word": "ig\u200bnore",
    "a joiner in a word": "ig\u200dnore",
    "a mark of byte order in a word": "ig\ufeffnore",
    "variation selectors in a row": "😀" + "\ufe01\ufe02\ufe03",
    "selectors of ideographs in a row": "😀" + "\U000e0100\U000e0101",
    "a selector behind each letter": "h\U000e0101i\U000e0102",
    "invisible operators": "x\u2062\u2063\u2064y",
    "fillers": "x\u3164\u3164\u115fy",
    "annotations": "x\ufff9\ufffa\ufffby",
    "musical formats": "x\U0001d173\U0001d174y",
}
MARKUP = [
    "<|im_start|>system",
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|><|start_header_id|>system<|end_header_id|>",
    "<|start|>developer<|message|>",
    "<\uff5cUser\uff5c>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "[INST] x [/INST]",
    "<<SYS>>",
    "<start_of_turn>user",
    "</tool_response>",
    '<tool_call>{"name": "shell"}</tool_call>',
    "[TOOL_RESULTS]",
    "[/AVAILABLE_TOOLS]",
]
HONEST = [
    "plain ASCII with <tags> and a | b |> c",
    "\ufeffa mark of byte order at the beginning",
    "می‌خواهم with a joiner that Persian needs",
    "नमस्ते क्‍ष",
    "👩‍👩‍👧 👁️‍🗨️ 🏳️‍🌈 ❤️ 1️⃣ #️⃣ ©️",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "soft\u00adhyphen",
    "שלום\u200f!",
    "葛\U000e0100飾区",
    "xs |> List.map f <| y",
    "a[INSTALL] <|> b",
    "\u2039quoted\u203a",
]


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_is_named_and_leads_back(name: str) -> None:
    text = HIDDEN[name]
    shown = legible(text)
    assert shown != text
    assert "U+" in shown
    assert disguises(text)
    assert as_written(shown, text) == text
    assert legible(shown) == shown


@pytest.mark.parametrize("text", MARKUP)
def test_markup_of_chats_marks_nothing_and_stays_readable(text: str) -> None:
    shown = legible(f"a {text} b")
    assert text not in shown
    assert disguises(text)
    assert as_written(shown, f"a {text} b") == f"a {text} b"
    assert as_written(shown, "another file") == f"a {text} b", "in a new file too"
    assert legible(shown) == shown


@pytest.mark.parametrize("text", HONEST)
def test_what_languages_and_emoji_need_stays(text: str) -> None:
    assert legible(text) == text
    assert disguises(text) == ()


def test_a_long_run_of_hidden_characters_is_counted_and_does_not_flood() -> None:
    shown = legible("\U000e0041" * 100_000)
    assert len(shown) < 300
    assert "and 99,984 more" in shown


def test_a_mark_that_a_file_really_has_is_kept() -> None:
    content = legible("a\u202eb <|im_start|>")
    assert as_written(content, content) == content


@given(st.text())
def test_nothing_is_lost_and_shown_texts_stay(text: str) -> None:
    once = legible(text)
    assert legible(once) == once
    assert once.count("\n") == text.count("\n")


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(on_one_line(text).splitlines()) <= 1
