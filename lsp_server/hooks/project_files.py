"""This module reads the hooks that a checkout brings, and what a person has to look at before.

Reading them runs nothing; a person's trust comes first, and holds for the entry with the
text of each file of the project that its command names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from lsp_server.hooks.hook import Hook
from lsp_server.hooks.hook_entries import HookEntries, read_entries
from lsp_server.hooks.scripts import scripts
from lsp_server.settings.regular_files import read_whole
from lsp_server.text.jsonc import without_comments

FILES: Mapping[str, bool] = MappingProxyType(
    {
        ".holdfast/hooks.json": False,
        ".claude/settings.json": True,
        ".claude/settings.local.json": True,
    }
)
"""Each file, and whether its hooks speak of tools as Claude Code does."""

FILE_BYTES_MAX = 200_000


def project_hooks(root: Path) -> HookEntries:
    """Returns the hooks of the project at `root`, and what is wrong with others. Blocking."""
    hooks: list[Hook] = []
    problems: list[str] = []
    for name, claude in FILES.items():
        try:
            value = _read(root, name)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError) as error:
            problems.append(f"{name} cannot be read: {error}")
            continue
        # `hooks` is one of many things in the settings of another program.
        entries = value.get("hooks", {}) if isinstance(value, Mapping) else value
        found = read_entries(entries, name, "project", claude=claude)
        hooks += (replace(one, outside=False) for one in found.hooks)
        problems += found.problems
    return HookEntries(tuple(with_fingerprint(one, root) for one in hooks), tuple(problems))


def with_fingerprint(hook: Hook, root: Path) -> Hook:
    """Returns the hook with a fingerprint of its entry and its scripts as they are now. Blocking."""
    parts = [hook.event, hook.matcher, hook.command, repr(hook.timeout_seconds)]
    parts += [f"{one.path} {one.digest}" for one in scripts(hook.command, root)]
    return replace(
        hook,
        fingerprint=hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _read(root: Path, name: str) -> object:
    path = root / name
    if not path.resolve().is_relative_to(root):
        raise OSError("it is a link that leads out of the project")
    data = read_whole(path, FILE_BYTES_MAX)
    return json.loads(without_comments(data.decode(json.detect_encoding(data))))
