"""This module reads the servers that a checkout names, in the files of other programs.

Reading them starts and asks nothing; a person's trust comes first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from lsp_server.mcp_client.server_spec import McpServerSpec, ServerSpecError, make_spec
from lsp_server.settings.regular_files import read_whole
from lsp_server.text.jsonc import without_comments

FILES: Mapping[str, str] = MappingProxyType(
    {".mcp.json": "mcpServers", ".vscode/mcp.json": "servers"}
)
"""Each file with the key that its servers stand under; the first one to name a server wins."""

FILE_BYTES_MAX = 200_000
SERVERS_MAX = 50


def project_servers(
    root: Path, environment: Mapping[str, str] = os.environ
) -> tuple[tuple[McpServerSpec, ...], tuple[str, ...]]:
    """Returns the servers of the project at `root`, and what is wrong with others. Blocking."""
    known: dict[str, McpServerSpec] = {}
    problems: list[str] = []
    given = {**environment, "workspaceFolder": str(root)}
    for name, key in FILES.items():
        try:
            entries = _entries(root, name, key)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError) as error:
            problems.append(f"{name} cannot be read: {error}")
            continue
        for server, value in list(entries.items())[:SERVERS_MAX]:
            try:
                spec = make_spec(server, value, "project", given)
                known.setdefault(server, replace(spec, file=name))
            except ServerSpecError as error:
                problems.append(f"{name}, server {server!r}: {error}")
    return tuple(known.values()), tuple(problems)


def _entries(root: Path, name: str, key: str) -> Mapping[str, object]:
    path = root / name
    if not path.resolve().is_relative_to(root):
        raise OSError("it is a link that leads out of the project")
    data = read_whole(path, FILE_BYTES_MAX)
    # The editor whose file the second one is takes comments in it.
    value = json.loads(without_comments(data.decode(json.detect_encoding(data))))
    entries = value.get(key, {}) if isinstance(value, dict) else None
    if not isinstance(entries, dict):
        raise json.JSONDecodeError(f"it must be an object with servers under {key!r}", "", 0)
    return entries
