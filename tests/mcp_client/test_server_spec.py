"""What files say of servers: what is understood, what is refused, what is filled in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lsp_server.mcp_client.project_files import project_servers
from lsp_server.mcp_client.server_spec import ServerSpecError, make_spec

ENVIRONMENT = {"TOKEN": "t-4711", "workspaceFolder": "/w"}


@pytest.mark.parametrize(
    ("value", "command"),
    [
        ({"command": "npx", "args": ["-y", "docs"]}, ("npx", "-y", "docs")),
        ({"command": "a", "args": ["${TOKEN}"]}, ("a", "t-4711")),
        ({"command": "a", "args": ["${env:TOKEN}"]}, ("a", "t-4711")),
        ({"command": "a", "args": ["${NONE:-x y}"]}, ("a", "x y")),
        ({"command": "a", "args": ["${NONE:-}"]}, ("a", "")),
        ({"command": "${workspaceFolder}/s"}, ("/w/s",)),
        ({"type": "stdio", "command": "a", "disabled": False, "x": 1}, ("a",)),
        ({"command": "a", "args": ["$TOKEN {x} ${"]}, ("a", "$TOKEN {x} ${")),
    ],
)
def test_what_is_understood(value: dict[str, Any], command: tuple[str, ...]) -> None:
    entry = make_spec("s", value, "user", ENVIRONMENT).entry
    assert (entry.command, *entry.args) == command


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("s", {}, "either `command` or `url`"),
        ("s", {"command": "a", "url": "http://x"}, "either `command` or `url`"),
        ("s", {"url": "ftp://x"}, "http://"),
        ("s", {"url": "x.example/mcp"}, "http://"),
        ("s", {"type": "sse", "url": "http://x/sse"}, "sse"),
        ("s", {"command": ["npx"]}, "command"),
        ("s", {"command": "a", "args": "x"}, "args"),
        ("s", {"command": "a", "env": {"A": 1}}, "env.A"),
        ("s", {"command": "a", "args": ["${NONE}"]}, "no NONE"),
        ("s", {"command": "a", "args": ["${input:key}"]}, "${input:key}"),
        ("s", "npx", "dict"),
        ("", {"command": "a"}, "the name"),
        ("a__b", {"command": "a"}, "the name"),
        ("a/b", {"command": "a"}, "the name"),
        ("x" * 33, {"command": "a"}, "the name"),
    ],
)
def test_what_is_refused_is_named(name: str, value: object, words: str) -> None:
    with pytest.raises(ServerSpecError) as error:
        make_spec(name, value, "user", ENVIRONMENT)
    assert words in str(error.value)


def test_the_fingerprint_is_of_what_is_written_and_not_of_values() -> None:
    value = {"command": "a", "env": {"K": "${TOKEN}"}}
    one = make_spec("s", value, "project", {"TOKEN": "1"})
    two = make_spec("s", value, "project", {"TOKEN": "2"})
    assert one.fingerprint == two.fingerprint
    assert one.variables == ("TOKEN",)
    assert one.entry != two.entry
    assert make_spec("s", {"command": "a"}, "project", {}).fingerprint != one.fingerprint


def test_comments_are_read_over_as_the_editor_does(tmp_path: Path) -> None:
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode" / "mcp.json").write_text(
        """{
  // Those of the team. "
  "servers": {
    "docs": {"url": "http://h/mcp", /* the old one: {"url": "http://o"} */},
    "say": {"command": "echo", "args": ["// no comment", "a,]", "/*"],},
  },
}
""",
        "utf-8-sig",
    )
    found, problems = project_servers(tmp_path, {})
    assert problems == ()
    assert [one.place for one in found] == ["http://h/mcp", "echo '// no comment' 'a,]' '/*'"]


def test_one_bad_entry_spoils_no_other(tmp_path: Path) -> None:
    servers = {"good": {"command": "a"}, "bad": {"command": 1}, "also": {"url": "http://h/mcp"}}
    (tmp_path / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    found, problems = project_servers(tmp_path, {})
    assert [one.name for one in found] == ["good", "also"]
    assert "'bad'" in problems[0]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"mcpServers": []}', "[" * 100_000, '{"mcpServers": 1}']
)
def test_a_file_that_is_none_is_a_problem_and_no_error(tmp_path: Path, text: str) -> None:
    (tmp_path / ".mcp.json").write_text(text)
    found, problems = project_servers(tmp_path, {})
    assert not found
    assert len(problems) == 1


@pytest.mark.parametrize("kind", ["pipe", "device", "link", "folder", "large"])
def test_what_a_checkout_puts_in_its_place_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "w"
    root.mkdir()
    path = root / ".mcp.json"
    (tmp_path / "secret").write_text('{"mcpServers": {"x": {"command": "a"}}}')
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "link":
            path.symlink_to(tmp_path / "secret")
        case "folder":
            path.mkdir()
        case _:
            path.write_text(" " * 300_000)
    found, problems = project_servers(root, {})
    assert not found
    assert len(problems) == 1
