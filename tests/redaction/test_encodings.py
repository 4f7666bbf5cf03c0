from __future__ import annotations

import html
import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.redaction.encodings import encodings_of


@given(st.text(min_size=6))
def test_every_program_s_way_of_writing_a_value_is_known(value: str) -> None:
    forms = {
        value,
        quote(value, safe=""),
        html.escape(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
    assert forms <= encodings_of(value)


def test_a_value_that_is_no_text_is_no_trouble() -> None:
    assert "half \ud800" in encodings_of("half \ud800")
