from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from lsprotocol import types

from lsp_server.server.capabilities import Capabilities, resolve
from lsp_server.server.transport.json_rpc import converter
from tests.data import clients


def initialize(**params: Any) -> types.InitializeParams:
    whole = {"processId": None, "rootUri": None, "capabilities": {}, **params}
    structured: types.InitializeParams = converter().structure(whole, types.InitializeParams)
    return structured


@pytest.mark.parametrize("name", clients.NAMES)
def test_each_editor_is_used_as_far_as_it_goes(name: str) -> None:
    snapshot = clients.snapshot(name)
    assert asdict(resolve(initialize(**snapshot["initialize"]))) == snapshot["expected"]


def test_a_client_that_declares_nothing_is_asked_nothing() -> None:
    assert resolve(initialize()) == Capabilities()


@pytest.mark.parametrize(
    ("wishes", "encoding"),
    [
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-7", "utf-32"], "utf-32"),
        (["utf-7"], "utf-16"),
        ([], "utf-16"),
    ],
)
def test_the_first_known_encoding_is_taken(wishes: list[str], encoding: str) -> None:
    capabilities = {"general": {"positionEncodings": wishes}}
    assert resolve(initialize(capabilities=capabilities)).encoding == encoding


@pytest.mark.parametrize(
    ("more", "runs_all"),
    [({}, True), ({"isPreferredSupport": True}, False), ({"dataSupport": True}, False)],
    ids=["kate", "newer", "neovim-0.7"],
)
def test_a_client_that_knows_but_the_kinds_of_actions_runs_every_fix(
    more: dict[str, Any], runs_all: bool
) -> None:
    kinds = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}}
    capabilities = {"textDocument": {"codeAction": {**kinds, **more}}}
    assert resolve(initialize(capabilities=capabilities)).runs_all_fixes is runs_all


@pytest.mark.parametrize(
    "params",
    [
        {"capabilities": {"experimental": {"holdfast": {"status": True}}}},
        {"initializationOptions": {"clientCapabilities": {"holdfast": {"status": True}}}},
    ],
)
def test_methods_of_our_own_are_declared_in_either_place(params: dict[str, Any]) -> None:
    assert resolve(initialize(**params)) == Capabilities(status=True)


@pytest.mark.parametrize(
    ("name", "modal"),
    [
        ("Neovim", True),
        ("Eglot", True),
        ("emacs", True),
        ("helix", True),
        ("vim-lsp", True),
        ("coc.nvim", True),
        ("Visual Studio Code", False),
        ("Zed", False),
        ("Sublime Text LSP", False),
        ("Kate", False),
    ],
)
def test_prompts_of_these_editors_take_the_keyboard(name: str, modal: bool) -> None:
    assert resolve(initialize(clientInfo={"name": name})).modal_prompts is modal


@pytest.mark.parametrize("own", [None, [], "yes", {"status": 1}, {"status": "true"}])
def test_only_true_declares(own: Any) -> None:
    options = {"clientCapabilities": {"holdfast": own}}
    assert resolve(initialize(initializationOptions=options)) == Capabilities()


@pytest.mark.parametrize(
    ("own", "shows_endings"),
    [
        ({"ends": True, "event": True}, True),
        ({"ends": True}, False),
        ({"event": True}, False),
    ],
)
def test_an_end_is_left_to_a_client_that_sees_it(own: dict[str, bool], shows_endings: bool) -> None:
    capabilities = {"experimental": {"holdfast": own}}
    assert resolve(initialize(capabilities=capabilities)).ends is shows_endings
