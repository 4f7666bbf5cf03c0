"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.house.test_source import FILES, PACKAGE

EXAMPLES = [path for path in FILES if ">>>" in path.read_text("utf-8")]
MODULES = [
    ".".join(("lsp_server", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in EXAMPLES
]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_are_true(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried
    assert not failed
