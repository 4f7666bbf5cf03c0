"""The way to an address, by proxies and the exceptions from them, in all the forms in which people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.system.proxies import is_excepted, is_this_machine, proxy_for

PROXY = {"HTTP_PROXY": "http://proxy.example:3128", "HTTPS_PROXY": "http://proxy.example:3128"}


@pytest.mark.parametrize(
    ("exceptions", "url", "goes_round"),
    [
        ("", "http://a.example/v1", False),
        ("*", "http://a.example/v1", True),
        ("a.example", "http://a.example/v1", True),
        ("A.Example", "http://a.example/v1", True),
        ("example", "http://a.example/v1", True),
        (".example", "http://a.example/v1", True),
        ("*.example", "http://a.example/v1", True),
        (".a.example", "http://a.example/v1", True),
        ("b.example", "http://a.example/v1", False),
        ("a.example", "http://ba.example/v1", False),
        ("a.example:8000", "http://a.example:8000/v1", True),
        ("a.example:8000", "http://a.example/v1", False),
        ("a.example:443", "https://a.example/v1", True),
        ("b.example a.example", "http://a.example/v1", True),
        ("b.example, a.example", "http://a.example/v1", True),
        (" , ,a.example", "http://a.example/v1", True),
        ("http://a.example", "http://a.example/v1", True),
        ("10.0.0.5", "http://10.0.0.5:8000/v1", True),
        ("10.0.0.5:8000", "http://10.0.0.5:8000/v1", True),
        ("10.0.0.0/8", "http://10.0.0.5:8000/v1", True),
        ("10.0.0.7/8", "http://10.0.0.5:8000/v1", True),
        ("192.168.0.0/16", "http://10.0.0.5:8000/v1", False),
        ("0.0.5", "http://10.0.0.5/v1", False),
        ("[fd00::5]", "http://[fd00::5]/v1", True),
        ("fd00::5", "http://[fd00::5]/v1", True),
        ("[fd00::5]:8000", "http://[fd00::5]:8000/v1", True),
        ("fd00::/8", "http://[fd00::5]/v1", True),
        ("[fd00::]/8", "http://[fd00::5]/v1", True),
        ("fe80::/10", "http://[fd00::5]/v1", False),
        ("[::1]", "http://a.example/v1", False),
        ("*.", "http://a.example/v1", False),
        ("a.example", "http://a.example./v1", True),
        ("example.", "http://a.example./v1", True),
        ("", "http://localhost.:8000/v1", True),
        ("", "http://localhost:8000/v1", True),
        ("", "http://127.0.0.1:8000/v1", True),
        ("", "http://0.0.0.0:8000/v1", True),
        ("", "http://[::]:8000/v1", True),
        ("", "http://[broken/v1", True),
    ],
)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_exceptions_are_read_in_every_form(
    variable: str, exceptions: str, url: str, goes_round: bool
) -> None:
    assert (proxy_for(url, {**PROXY, variable: exceptions}) is None) == goes_round


@pytest.mark.parametrize(
    ("environment", "url", "proxy", "source"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "https://a.example", "http://p:1", "HTTPS_PROXY"),
        ({"https_proxy": "p:1", "HTTPS_PROXY": "q"}, "https://a.example", "http://p:1", "https_proxy"),
        ({"ALL_PROXY": "socks5h://p:1"}, "https://a.example", "socks5h://p:1", "ALL_PROXY"),
        ({"ALL_PROXY": "http://p", "HTTP_PROXY": "http://q"}, "http://a.example", "http://q", "HTTP_PROXY"),
    ],
)  # fmt: skip
def test_the_proxy_and_what_names_it_are_known(
    environment: dict[str, str], url: str, proxy: str, source: str
) -> None:
    found = proxy_for(url, environment)
    assert found is not None
    assert (found.url, found.source) == (proxy, source)


def test_a_proxy_is_for_its_scheme() -> None:
    assert proxy_for("https://a.example", {"HTTP_PROXY": "http://p"}) is None


@given(st.text(max_size=30) | st.lists(st.sampled_from("[]:*./, 1af%"), max_size=12).map("".join))
def test_no_exception_is_so_odd_that_it_stops_anything(exceptions: str) -> None:
    is_excepted("a.example", 80, exceptions)
    is_excepted("fd00::5", None, exceptions)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("models.localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", True),
        ("::", True),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("host.example", False),
        ("", False),
        ("[broken", False),
        ("localhost..", False),
        ("127.0.0.1.", True),
    ],
)
def test_this_machine_is_known_by_its_name(host: str, expected: bool) -> None:
    assert is_this_machine(host) is expected
