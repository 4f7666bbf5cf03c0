from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text.jsonc import without_comments

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='"\\\\/*,]}\n a'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='"/*,a'), inner),
    max_leaves=10,
)


@given(values, st.sampled_from([None, 2]))
def test_json_stays_as_it_is(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert without_comments(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, // one\n 2]", [1, 2]),
        ("/* a */[1]/* b\n * c **/", [1]),
        ("[1 /* , 2 */, 3,\n// end\n]", [1, 3]),
        ('{"a": "//", "b": "/*",}', {"a": "//", "b": "/*"}),
        (r'["\\", "\"//", ]', ["\\", '"//']),
    ],
)
def test_comments_and_last_commas_go(text: str, value: Any) -> None:
    assert json.loads(without_comments(text)) == value


@pytest.mark.parametrize("text", ["", "{", "[1,,]", "[,]x", "/*", "//", '{"a": "', "[1 2]"])
def test_what_is_no_json_stays_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Extra"):
        json.loads(without_comments(text))
