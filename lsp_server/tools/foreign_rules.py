"""This module knows how other agents write permission rules, to say how they are written here."""

from __future__ import annotations

import re

from lsp_server.tools.edit import Edit
from lsp_server.tools.read import Read
from lsp_server.tools.shell import Shell
from lsp_server.tools.shell_syntax import word_set
from lsp_server.tools.write import Write

_NAMES = (
    (Shell.spec, word_set("bash sh zsh terminal execute exec cmd command powershell")),
    (Read.spec, word_set("view cat glob grep open")),
    (Edit.spec, word_set("multiedit notebookedit str_replace replace patch update")),
    (Write.spec, word_set("create")),
)
"""What others call the tools, without the parts of a name that say nothing."""
_SAYS_NOTHING = re.compile(r"run_?|_?tool|_?command|_?file")


def meant_rule(text: str) -> str:
    """Returns the rule that somebody meant who is used to another agent; "" where that is not clear.

    >>> meant_rule("Bash(rm:*)"), meant_rule("git push"), meant_rule("WebFetch(x)")
    ('shell(rm *)', 'shell(git push)', '')
    """
    found = re.fullmatch(r"(\w+)(?:\((.*)\))?", text.strip(), re.DOTALL)
    if found is None:
        # Words alone are a command.
        return f"{Shell.spec.name}({with_star(text.strip())})" if " " in text.strip() else ""
    name, pattern = _SAYS_NOTHING.sub("", found[1].lower()), found[2] or ""
    for spec, names in _NAMES:
        if name in (spec.name, "", *names):
            inner = with_star(pattern) if spec == Shell.spec else pattern
            return f"{spec.name}({inner})" if inner else spec.name
    return ""


def with_star(pattern: str) -> str:
    """Returns the pattern of a command with a last `:*` as the ` *` that it means.

    >>> with_star("git push:*")
    'git push *'
    """
    command = pattern.removesuffix(":*")
    return pattern if command == pattern else f"{command.rstrip()} *"
