"""Only `assemble` puts concrete classes of several rooms together."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.test_source import FILES, name, tree

ROOM_PARTS = 2
"""`lsp_server` and the room."""


def room(module: str) -> str:
    return ".".join(module.split(".")[:ROOM_PARTS])


def imported(module: ast.Module) -> dict[str, str]:
    """The names that come from a room of ours, with the room."""
    return {
        alias.asname or alias.name: room(node.module)
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith("lsp_server.")
        for alias in node.names
    }


def constructed(path: Path) -> Iterator[tuple[str, str]]:
    """The classes that a module makes objects of, with the rooms that they come from."""
    module = tree(path)
    rooms = imported(module)
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if isinstance(called, ast.Name) and called.id in rooms and called.id[0].isupper():
            yield called.id, rooms[called.id]


VALUES = {"lsp_server.domain", "lsp_server.settings", "lsp_server.system", "lsp_server.text"}
"""Rooms whose classes are words, settings and primitives, which everybody may make."""
ASSEMBLED = {
    (made, of)
    for path in FILES
    if name(path).startswith("assemble/")
    for made, of in constructed(path)
    if of not in VALUES
}


def test_something_is_assembled() -> None:
    assert len(ASSEMBLED) > 20


@pytest.mark.parametrize(
    "path", [path for path in FILES if not name(path).startswith("assemble/")], ids=name
)
def test_only_assemble_names_concrete_classes_of_several_rooms(path: Path) -> None:
    own = room(f"lsp_server.{name(path).replace('/', '.')}")
    made = {(what, of) for what, of in constructed(path) if (what, of) in ASSEMBLED and of != own}
    assert len({of for _, of in made}) <= 1, f"{sorted(made)} belong into assemble"
