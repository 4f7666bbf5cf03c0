from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.errors import EditRejected
from lsp_server.workspace.files.encoding import LATIN_1, MARKED, UTF_8, Encoding, decode, encode


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"", "", UTF_8),
        ("é 🎉\r\n".encode(), "é 🎉\r\n", UTF_8),
        (b"\xef\xbb\xbfx", "x", MARKED[0]),
        ("xé".encode("utf-16"), "xé", MARKED[1]),
        (b"\xfe\xff\x00x", "x", MARKED[2]),
        (b"caf\xe9\n", "caf\u00e9\n", LATIN_1),
        (b"\x1b[1m bold", "\x1b[1m bold", UTF_8),
    ],
)
def test_text_is_decoded_and_written_back_as_it_was(
    data: bytes, text: str, encoding: Encoding
) -> None:
    assert decode(data) == (text, encoding)
    assert encode(text, encoding) == data


@pytest.mark.parametrize(
    "data",
    [
        b"a\0b",
        b"\x89PNG\r\n\x1a\n\x00",
        b"\xff\xfe\x00",
        b"\xe9\x01",
        b"\xff\xfe\x00\x00x\x00\x00\x00",
    ],
)
def test_binary_is_no_text(data: bytes) -> None:
    assert decode(data) is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("€", LATIN_1), ("Ã©", LATIN_1), ("\ud800", UTF_8), ("a\0", UTF_8), ("\ufeffa", UTF_8)],
)
def test_text_that_would_not_come_back_is_rejected(text: str, encoding: Encoding) -> None:
    with pytest.raises(EditRejected):
        encode(text, encoding)


@given(st.text(), st.sampled_from([UTF_8, LATIN_1, *MARKED]))
def test_what_can_be_encoded_comes_back(text: str, encoding: Encoding) -> None:
    try:
        data = encode(text, encoding)
    except EditRejected:
        return
    decoded = decode(data)
    assert decoded is not None
    assert decoded[0] == text


@given(st.binary())
def test_what_can_be_decoded_is_written_back_byte_for_byte(data: bytes) -> None:
    decoded = decode(data)
    if decoded is not None and not decoded[0].startswith("\ufeff"):
        assert encode(*decoded) == data
