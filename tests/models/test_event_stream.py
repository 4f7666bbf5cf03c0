"""Server-sent events come out the same however their bytes were cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.models.event_stream import EventStream, ServerEvent


def check(pieces: list[bytes], expected: list[tuple[str, str]]) -> None:
    stream = EventStream()
    events = [event for piece in pieces for event in stream.feed(piece)]
    events += stream.end()
    assert events == [ServerEvent(name, data) for name, data in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"data: a\n\ndata: b\n\n", [("", "a"), ("", "b")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [("", "a"), ("", "b")]),
        (b"data: a\r\rdata: b\r\r", [("", "a"), ("", "b")]),
        (b"data:a\n\n", [("", "a")]),
        (b"data: a\ndata: b\n\n", [("", "a\nb")]),
        (b": ping\n\n: OPENROUTER PROCESSING\n\ndata: a\n\n", [("", "a")]),
        (b"event: error\ndata: a\n\ndata: b\n\n", [("error", "a"), ("", "b")]),
        (b"error: {}\n\n", [("error", "{}")]),
        (b"id: 7\nretry: 10\ndata: a\n\n", [("", "a")]),
        (b"data: a\n\ndata: [DONE]", [("", "a"), ("", "[DONE]")]),
        (b"data: \xff\xfea\n\n", [("", "��a")]),
        ("data: 日本\n\n".encode(), [("", "日本")]),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_events_are_read_whole_and_byte_by_byte(
    text: bytes, expected: list[tuple[str, str]]
) -> None:
    check([text], expected)
    check([text[at : at + 1] for at in range(len(text))], expected)


@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    data=st.data(),
)
def test_any_cut_gives_the_same_events(texts: list[str], end: str, data: st.DataObject) -> None:
    text = "".join(f"data: {each}{end}{end}" for each in texts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    check(pieces, [("", each) for each in texts])
