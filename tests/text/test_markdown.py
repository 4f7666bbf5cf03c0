from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text.markdown import code_block, code_span
from lsp_server.text.truncate import one_line, truncate

texts = st.text(alphabet=st.sampled_from("`a \n~"), max_size=40)


@given(texts)
def test_no_text_ends_the_block_that_quotes_it(text: str) -> None:
    first, *body, last = code_block(text).split("\n")
    assert first == last
    assert first not in body


@given(texts.filter(lambda text: "\n" not in text and text.strip()))
def test_no_text_ends_the_span_that_quotes_it(text: str) -> None:
    span = code_span(text)
    ticks = re.match("`+", span)
    assert ticks is not None
    assert span.count(ticks.group()) >= 2
    inner = span[len(ticks.group()) : -len(ticks.group())]
    assert ticks.group() not in re.findall("`+", inner)
    assert text in inner


@given(st.text(max_size=60), st.integers(1, 30))
def test_a_cut_text_fits_and_begins_as_it_did(text: str, chars_max: int) -> None:
    cut = truncate(text, chars_max)
    assert len(cut) <= chars_max
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
    assert "\n" not in one_line(text, chars_max)
