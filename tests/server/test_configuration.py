from __future__ import annotations

from typing import Any

import pytest

from lsp_server.server.configuration import layer_over, section


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, {}),
        ([], {}),
        ({"model": {"name": "m"}}, {"model": {"name": "m"}}),
        ({"holdfast": {"model": {"name": "m"}}}, {"model": {"name": "m"}}),
        ({"model": {}, "token": "t", "clientCapabilities": {}}, {"model": {}}),
        ({"holdfast": {"model": {}}, "clientCapabilities": {}}, {"model": {}}),
        ({"modell": {}}, {"modell": {}}),
    ],
)
def test_the_section_is_found_in_what_editors_send(value: Any, expected: Any) -> None:
    assert section(value) == expected


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ({"model": {"name": "a"}}, {"model": {"base_url": "b"}},
         {"model": {"name": "a", "base_url": "b"}}),
        ({"model": {"name": "a"}}, {"model": {"name": None}}, {"model": {"name": "a"}}),
        ({"model": {"name": "a"}}, {"model": None}, {"model": {"name": "a"}}),
        ({"model": {"name": "a"}}, {"model": {"name": "b"}}, {"model": {"name": "b"}}),
        ({}, {"run": 3}, {"run": 3}),
    ],
)  # fmt: skip
def test_later_layers_win_key_by_key(below: Any, above: Any, expected: Any) -> None:
    assert layer_over(below, above) == expected
