from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text.markdown import code_block, code_span, safe_markdown
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


@pytest.mark.parametrize(
    "text",
    [
        "[log](command:workbench.action.terminal.sendSequence?%5B%5D)",
        "[log]( command:x)",
        "[log](<command:x y>)",
        "[log](COMMAND:x)",
        "[log](\ncommand:x)",
        "[log](&#99;ommand:x)",
        "[log](&#x63;ommand&colon;x)",
        "[log](comm\\and:x)",
        "[log](vscode:extension/x)",
        "[log](vscode://file/etc/passwd)",
        "[log](file:///etc/passwd)",
        "[log](javascript:x)",
        "[log](data:text/html,x)",
        "![log](command:x)",
        "[![a](https://a.io/b.png)](command:x)",
        "[log][1]\n\n[1]: command:x",
        "[log]\n\n  [log]: <command:x>",
        "> [log]: command:x",
        "<command:x>",
        "<vscode:x>",
        '<a href="command:x">log</a>',
        "<A HREF=command:x>log</A>",
        "<img src=x onerror=y>",
        "<iframe src=x>",
    ],
)
def test_a_link_that_others_wrote_runs_nothing(text: str) -> None:
    safe = safe_markdown(text)
    assert not re.search(r"\]\(\s*<?(?!https)|\]:\s|<[a-zA-Z]", safe)
    assert safe.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    "text",
    [
        "[docs](https://a.io/b?c=d&e)",
        "[file](src/a.py) [place](src/a.py#L3) [up](../README.md)",
        "List<String> x = a[0](b, c);",
        "<https://a.io>",
        "a: b, [x]: y",
    ],
)
def test_other_markdown_stays(text: str) -> None:
    assert safe_markdown(text) == text
