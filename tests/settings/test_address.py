"""An address is understood where it has one meaning, and refused with what to write where not."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.settings.address import read_address
from lsp_server.system.proxies import is_this_machine
from tests.sampling import sampled


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("HTTPS://api.example.org/v1", "https://api.example.org/v1"),
        ("  http://a.example/v1\n", "http://a.example/v1"),
        ("\u00a0http://a.example/v1\u3000", "http://a.example/v1"),
        ("\ufeffhttp://a.example/v1\u200b", "http://a.example/v1"),
        ('"http://a.example/v1"', "http://a.example/v1"),
        ("' http://a.example/v1 '", "http://a.example/v1"),
        ("<http://a.example/v1>", "http://a.example/v1"),
        ("http://a.example/v1/chat/completions", "http://a.example/v1"),
        ("http://a.example/v1/chat/completions/?key=1", "http://a.example/v1?key=1"),
        ("http://a.example/v1/embeddings", "http://a.example/v1"),
        ("http://a.example/v1/", "http://a.example/v1/"),
        ("localhost:8000/v1", "http://localhost:8000/v1"),
        ("localhost", "http://localhost"),
        ("http://localhost.:9", "http://localhost:9"),
        ("http://localhost.", "http://localhost"),
        ("LOCALHOST.:8000/v1", "http://LOCALHOST:8000/v1"),
        ("http://llm.localhost./v1", "http://llm.localhost/v1"),
        ("127.0.0.1.:8000", "http://127.0.0.1:8000"),
        ("http://user:word.@localhost.:9/v1.", "http://user:word.@localhost:9/v1."),
        ("https://api.example.org./v1", "https://api.example.org./v1"),
        ("http://llm.:8000/v1", "http://llm.:8000/v1"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("0.0.0.0:8000/v1", "http://0.0.0.0:8000/v1"),
        ("[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://user:word@a.example/v1", "http://user:word@a.example/v1"),
    ],
)
def test_an_address_with_one_meaning_is_understood(text: str, url: str) -> None:
    assert read_address(text) == url


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        (" \u00a0\t", "is empty"),
        ('""', "is empty"),
        ("llm.example.internal/v1", "write https://llm.example.internal/v1"),
        ("llm.example.internal:8000", "write https://llm.example.internal:8000"),
        ("10.0.0.5:8000/v1", "write https://10.0.0.5:8000/v1"),
        ("localhost.example.org/v1", "has no scheme"),
        ("127.0.0.1.example.org/v1", "has no scheme"),
        ("ftp://a.example/v1", "http://"),
        ("htp://a.example/v1", "http://"),
        ("http:/a.example/v1", "http://"),
        ("http:a.example/v1", "http://"),
        ("//a.example/v1", "http://"),
        ("unix:///run/llm.sock", "http://"),
        ("http://", "no host"),
        ("http:///v1", "no host"),
        ("https://?key=1", "no host"),
        ("http://.example/v1", "no host"),
        ("http://./v1", "no host"),
        ("http://localhost../v1", "no host"),
        ("localhost..:9", "no scheme"),
        ("http://a..example/v1", "no host"),
        ("http://a.example\\v1", "no host"),
        ("http://a example/v1", "U+0020"),
        ("http://a\u00a0.example/v1", "U+00A0"),
        ("http://a\u200b.example/v1", "U+200B"),
        ("http://a.example/v1\nhttp://b.example/v1", "U+000A"),
        ("http://a.example:port/v1", "no URL"),
        ("http://a.example:99999/v1", "no URL"),
        ("http://a.example:/v1", "no port"),
        ("http://a.example:0/v1", "no port"),
        ("http://[::1/v1", "no URL"),
    ],
)
def test_any_other_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(ValueError) as raised:
        read_address(text)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "text",
    ["ada:hush@a.example/v1", "ftp://ada:hush@a.example/v1", "http://ada:hush@/v1",
     "https://ada:h/ush@a.example:port/v1", "a.example/v1?key=hush"],
)  # fmt: skip
def test_a_refusal_does_not_quote_a_password(text: str) -> None:
    with pytest.raises(ValueError) as raised:
        read_address(text)
    assert "hush" not in str(raised.value)
    assert "h/ush" not in str(raised.value)


PARTS = st.sampled_from(
    ["http", "https", "HTTP", "://", ":", "/", "//", "localhost", "127.0.0.1", "llm.internal", "@",
     "8000", "v1", "chat/completions", "?", "#", '"', "'", " ", "\u00a0", "\u200b", "[::1]", "$", "."]
)  # fmt: skip


@given(st.lists(PARTS, max_size=8).map("".join) | st.text(max_size=40))
@settings(max_examples=sampled(400))
def test_what_is_understood_names_the_host_that_was_written(text: str) -> None:
    try:
        url = read_address(text)
    except ValueError:
        return
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https")
    assert parts.hostname
    assert parts.hostname in text.lower()
    assert read_address(url) == url
    if "://" not in text:
        assert is_this_machine(parts.hostname)
