from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text.tokenizer import distinct_words, is_symbol, symbols_in, tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("readFile", "read file readfile"),
        ("read_file", "read file readfile"),
        ("HTTPServer2", "http server 2 httpserver2"),
        ("__init__", "init"),
        ("file", "file"),
        ("src/http_client.py", "src http client httpclient py"),
        ("x = 42", "x 42"),
        ("größe", "größe"),
        ("größe_max", "größe max"),
        ("中文字", "中文 文字"),
        ("中", "中"),
        ("搜索index", "搜索 index"),
        ("+-*/ {} ", ""),
    ],
)
def test_identifiers_fall_into_words_and_stay_whole(text: str, expected: str) -> None:
    assert tokenize(text) == expected


@given(st.text())
def test_words_hold_nothing_that_ends_a_query(text: str) -> None:
    assert all(word.replace("_", "").isalnum() for word in tokenize(text).split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("where is readFile used", ("readFile",)),
        ("parse_args and Path.open()", ("parse_args", "Path.open()")),
        ("how are files read", ()),
        ("How Are Files Read", ()),
        ("std::vector in HTTP", ("std::vector",)),
    ],
)
def test_names_in_a_question_are_found(text: str, expected: tuple[str, ...]) -> None:
    assert symbols_in(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("Settings", True), ("a.b", True), ("a b", False)])
def test_a_question_can_be_one_name(text: str, expected: bool) -> None:
    assert is_symbol(text) is expected


def test_a_vocabulary_has_each_word_once() -> None:
    assert distinct_words("readFile reads read_file") == ("read", "file", "readfile", "reads")
