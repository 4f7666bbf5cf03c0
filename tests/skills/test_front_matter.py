"""The head of a Markdown file: what is read of it, and what is refused, with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.skills.front_matter import FrontMatterError, read_front_matter


@pytest.mark.parametrize(
    ("text", "values", "body"),
    [
        ("---\nname: a\n---\nbody", {"name": "a"}, "body"),
        ("\ufeff---\nname: a\n---\n", {"name": "a"}, ""),
        ("---\r\nname: a\r\n---\r\nbody\r\n", {"name": "a"}, "body"),
        ("---\nversion: 1.10\nwhen: 2020-01-01\non: yes\n---\n", None, ""),
        ("---\nname: a\nmetadata:\n  x: '1'\n---\n---\nrule", None, "---\nrule"),
        ("---\nd: >\n  two\n  lines\nlist:\n  - one\n---\n", None, ""),
    ],
)
def test_what_is_read(text: str, values: dict[str, str] | None, body: str) -> None:
    read = read_front_matter(text)
    assert read.body == body
    assert values is None or dict(read.values) == values


def test_values_stay_texts() -> None:
    read = read_front_matter("---\nversion: 1.10\nwhen: 2020-01-01\non: yes\nnothing: ~\n---\n")
    assert dict(read.values) == {
        "version": "1.10",
        "when": "2020-01-01",
        "on": "yes",
        "nothing": "~",
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "must begin with"),
        ("# Title\n", 0, "must begin with"),
        ("---\nname: a\n", 0, "no end"),
        ("---\n---\n", 1, "`key: value`"),
        ("---\n- a\n---\n", 1, "`key: value`"),
        ("---\nname: a\ndescription: when: now\n---\n", 2, "mapping values"),
        ("---\nname: a\nname: b\n---\n", 2, "twice"),
        ("---\nx: &a b\ny: *a\n---\n", 1, "anchors"),
        ("---\nx: !!python/object:os.system b\n---\n", 1, "tags"),
        ("---\nname: a\ntools: [a, b]\n---\n", 2, "[] or {}"),
        ("---\nname: '\n---\n", 1, "no valid YAML"),
        ("---\nname: \x00\n---\n", 0, "does not allow"),
        ("---\n? [a]\n: b\n---\n", 1, "[] or {}"),
        ("---\nx: " + "y" * 20_000 + "\n---\n", 0, "longer than"),
    ],
)
def test_what_is_refused(text: str, line: int, words: str) -> None:
    with pytest.raises(FrontMatterError) as error:
        read_front_matter(text)
    assert error.value.line == line
    assert words in str(error.value)


@given(st.text(max_size=300), st.text(max_size=50))
def test_any_head_is_read_or_refused(head: str, body: str) -> None:
    text = f"---\n{head}\n---\n{body}"
    lines: list[int] = []
    try:
        lines += read_front_matter(text).lines.values()
    except FrontMatterError as error:
        lines.append(error.line)
    assert all(0 <= line <= text.count("\n") for line in lines)
