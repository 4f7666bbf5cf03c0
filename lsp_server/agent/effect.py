"""This module tells calls that may have changed something from those that only looked."""

from __future__ import annotations

from lsp_server.domain.events import ToolCalled
from lsp_server.domain.tools import LOOKING_KINDS, NeedsCommand
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.shell_syntax import parse


def has_effect(called: ToolCalled) -> bool:
    """Says whether a call may change something: a command by its words, another call by its kind.

    >>> from lsp_server.domain.tools import ToolCall
    >>> reads = NeedsCommand("sed -n 1,5p a.py | head")
    >>> has_effect(ToolCalled(1, ToolCall("c", "shell", "{}"), "a title", "execute", reads))
    False
    """
    if isinstance(called.needs, NeedsCommand):
        return not is_read_only(parse(called.needs.command))
    return called.tool_kind not in LOOKING_KINDS
