"""A process that inherits our streams keeps them open after us; this finds where one would.

Whoever reads our output then waits for the end of that process, and one that prints there
writes into a protocol. Arguments that are handed over as `**arguments` are not seen.
"""

from __future__ import annotations

import ast

from scripts.house.sources import Offender, Package, last_word

_SPAWNS = ("Popen", "create_subprocess_exec", "create_subprocess_shell")
_STREAMS = ("stdin", "stdout", "stderr")


def inherited_streams(package: Package) -> list[Offender]:
    """Returns each start of a process that leaves one of its three streams to be inherited."""
    return [
        module.offender(node, f"{last_word(node.func)} inherits {', '.join(missing)}")
        for module in package.modules
        for node in module.nodes
        if isinstance(node, ast.Call) and _starts_a_process(node)
        if (missing := _missing(node))
    ]


def _starts_a_process(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="subprocess"), attr="run"):
            return True
        case _:
            return last_word(call.func) in _SPAWNS


def _missing(call: ast.Call) -> list[str]:
    named = {keyword.arg for keyword in call.keywords}
    if "capture_output" in named:
        named |= {"stdout", "stderr"}
    if None in named:
        return []
    return [stream for stream in _STREAMS if stream not in named]
