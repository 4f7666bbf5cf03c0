"""Comments are counted by the tokenizer, so a `#` inside of a string is none."""

from __future__ import annotations

import io
import re
import tokenize

from scripts.house.sources import Offender, Package

_IGNORE = re.compile(r"#\s*type:\s*ignore")
_NOQA = re.compile(r"#\s*noqa")


def comments(package: Package) -> list[Offender]:
    """Returns every comment, those included that only speak to a tool."""
    return [
        module.offender(token.start[0], token.string)
        for module in package.modules
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline)
        if token.type == tokenize.COMMENT
    ]


def type_ignores(found: list[Offender]) -> list[Offender]:
    return [one for one in found if _IGNORE.search(one.what)]


def noqas(found: list[Offender]) -> list[Offender]:
    return [one for one in found if _NOQA.search(one.what)]
