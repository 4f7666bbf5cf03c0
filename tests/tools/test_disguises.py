"""Deny rules against the same command in other words."""

from __future__ import annotations

import pytest

from lsp_server.tools.rules import ShellPattern, parse_rule
from lsp_server.tools.shell_syntax import parse
from tests.data import disguises
from tests.data.disguises import lines

RULES = ("shell(rm *)", "shell(git push *)")
TABLES = {
    name: lines(getattr(disguises, name))
    for name in ("GRAMMAR", "SPELLING", "BUILTINS", "SHELLS", "GIT", "MANY", "WRAPPERS", "UNKNOWN")
}


def decide(command: str) -> str:
    """What the rules make of a command, in the mode that frees all others."""
    script = parse(command)
    patterns = [parse_rule(rule, key="permissions.deny").pattern for rule in RULES]
    shell_patterns = [pattern for pattern in patterns if isinstance(pattern, ShellPattern)]
    if any(pattern.hits(script) for pattern in shell_patterns):
        return "deny"
    return "ask" if any(pattern.may_hide(script) for pattern in shell_patterns) else "allow"


@pytest.mark.parametrize("table", TABLES)
def test_a_denied_command_in_disguise_does_not_run_unasked(table: str) -> None:
    assert [line for line in TABLES[table] if decide(line) == "allow"] == []


def test_most_disguises_are_seen_through() -> None:
    """What only asks could be more, so that a rule that denies would ask for ever."""
    seen_through = [line for line in TABLES["WRAPPERS"] if decide(line) == "deny"]
    assert len(seen_through) > 0.8 * len(TABLES["WRAPPERS"])


def test_other_commands_are_left_alone() -> None:
    assert [line for line in lines(disguises.HARMLESS) if decide(line) != "allow"] == []
