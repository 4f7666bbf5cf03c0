"""This module reads the settings that a command of the terminal works with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsp_server.cli.error_output import print_error
from lsp_server.settings.layers import load
from lsp_server.settings.sections import Settings


def load_settings(workspace: Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """Returns the settings for a folder, with those of the command's `flags` above all others.

    Problems with them go to standard error, one sentence each.
    """
    loaded = load(workspace, editor=flags or {})
    for problem in loaded.problems:
        print_error(str(problem))
    return loaded.settings
