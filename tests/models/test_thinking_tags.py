"""Thinking that a model marked itself is told from its answer, however the text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.models.thinking_tags import ThinkingTags, without_late_thought


def read(*pieces: str) -> tuple[str, str]:
    tags = ThinkingTags()
    parts = [part for piece in pieces for part in tags.take(piece)]
    parts += tags.end()
    kinds = ("reasoning", "text")
    thought, text = ("".join(part for kind, part in parts if kind == wanted) for wanted in kinds)
    return thought, text


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("Hi", "", "Hi"),
        ("<think>Hm</think>Hi", "Hm", "Hi"),
        ("\n<think>\nHm\n</think>\n\nHi", "\nHm\n", "Hi"),
        ("<think>Hm", "Hm", ""),
        ("<think></think>\nHi", "", "Hi"),
        ("<think>a</think><think>b</think>Hi", "ab", "Hi"),
        ("<thinking>Hm</thinking>Hi", "Hm", "Hi"),
        ("[THINK]Hm[/THINK]Hi", "Hm", "Hi"),
        ("◁think▷Hm◁/think▷Hi", "Hm", "Hi"),
        ("<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>Hi",
         "Hm", "Hi"),
        ("<thi", "", "<thi"),
        ("<thin ice>", "", "<thin ice>"),
        ("The tag <think>Hm</think> is read now.", "", "The tag <think>Hm</think> is read now."),
        ("", "", ""),
    ],
)  # fmt: skip
def test_thinking_is_told_from_the_answer(text: str, thought: str, answer: str) -> None:
    assert read(text) == (thought, answer)
    assert read(*text) == (thought, answer)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "think", ">", "Hm", "\n", " "])),
    st.data(),
)
def test_no_cut_changes_what_is_read(words: list[str], data: st.DataObject) -> None:
    text = "".join(words)
    at = data.draw(st.integers(0, len(text)))
    assert read(text[:at], text[at:]) == read(text) == read(*text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hm\n</think>\n\nHi", ("Hm", "\nHi")),
        ("</think>\nHi", ("", "Hi")),
        ("Hm\n</think>", ("Hm", "")),
        ("The tag `</think>` ends it.", ("", "The tag `</think>` ends it.")),
        ("<think>\n</think>\nas text", ("", "<think>\n</think>\nas text")),
    ],
)
def test_a_thought_that_the_prompt_began_is_seen_by_its_end(
    text: str, parts: tuple[str, str]
) -> None:
    assert without_late_thought(text) == parts
