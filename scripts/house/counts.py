"""A number beside a noun in the plural is wrong where the number is one; this finds both spelled out.

`text/count.py::count_of` says the two together. A noun is known by `_NOUNS`: words that are
verbs as well, as `runs`, are not in it, and `times` is never counted from one. A constant in
capital letters is seen where it is written, and a branch that asks for one has thought of it.
The rooms below `text` cannot import it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts.house.sources import Module, Offender, Package, last_word

_NOUNS = [
    "action",
    "attempt",
    "byte",
    "call",
    "candidate",
    "cell",
    "character",
    "condition",
    "day",
    "edit",
    "editor",
    "event",
    "fact",
    "file",
    "finding",
    "group",
    "hunk",
    "image",
    "item",
    "line",
    "message",
    "node",
    "piece",
    "proposal",
    "request",
    "step",
    "thing",
    "token",
    "tool",
    "vector",
]
_COUNTED = re.compile(
    rf" (?:(?:earlier|more|new|open|other) )?(?:{'|'.join(_NOUNS)})s\b"  # as in ` more lines`
)
_BELOW_TEXT = ("domain", "settings", "system")
_OWN_FILE = "count.py"
_LEFT_OUT = ("suite", *_BELOW_TEXT)


def counted_plurals(package: Package) -> list[Offender]:
    """Returns each place that says a number with a plural, or makes a plural by hand."""
    return [
        module.offender(node, f"says {ast.unparse(node)} without count_of")
        for module in package.modules
        if not set(_LEFT_OUT) & set(module.path.parts) and module.path.name != _OWN_FILE
        for node in _plurals(module)
    ]


def _plurals(module: Module) -> Iterator[ast.expr]:
    thought_of = {
        id(inner)
        for node in module.nodes
        if isinstance(node, ast.IfExp) and _asks_for_one(node.test)
        for inner in ast.walk(node)
    }
    for node in module.nodes:
        match node:
            case ast.JoinedStr(values=values) if id(node) not in thought_of:
                if any(map(_is_counted, (None, *values), values, values[1:])):
                    yield node
            case ast.BinOp(left=ast.Constant(value="s"), op=ast.Mult()):
                yield node
            case _:
                pass


def _asks_for_one(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and any(
        isinstance(one, ast.Constant) and one.value == 1 for one in test.comparators
    )


def _is_counted(before: ast.expr | None, number: ast.expr, noun: ast.expr) -> bool:
    match number, noun:
        case ast.FormattedValue(value=value), ast.Constant(value=str(text)):
            # `+2 -1 lines` is the notation of differences, `34k tokens` is said in short.
            is_notation = isinstance(before, ast.Constant) and str(before.value).endswith("-")
            in_short = last_word(value) == "token_count"
            is_constant = last_word(value).isupper()
            return bool(_COUNTED.match(text)) and not (is_notation or in_short or is_constant)
        case _:
            return False
