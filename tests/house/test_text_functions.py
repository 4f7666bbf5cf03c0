"""Whatever takes a text takes time in proportion to its length, whatever the text is.

The functions are found by their signatures, so that a new one is among them.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, get_type_hints

import pytest

import lsp_server
from tests.data.odd_texts import SHAPES
from tests.sampling import sampled

ROOMS = ("agent", "goals", "memory", "models", "redaction", "text", "tools", "wording", "workspace")
CHARS = 20_000
SUSPECT_SECONDS = 0.1
"""A text of CHARS takes longer where the time grows with the square."""
GROWTH_MAX = 2.8
TURNS = 5
REFUSALS = (ValueError, RecursionError, LookupError, TypeError, OSError)
"""A function may refuse a text, if it does so in time."""

NOT_OF_TEXTS = {
    "workspace.git_revision": "it asks git",
    "models.scripted": "it plays what tests wrote",
}


def takes_a_text(function: Callable[..., Any]) -> type[Any] | None:
    """The type of a text that is all that a function needs."""
    try:
        hints = get_type_hints(function)
        parameters = inspect.signature(function).parameters.values()
    except (NameError, TypeError, ValueError):
        return None
    needed = [each for each in parameters if each.default is each.empty]
    if len(needed) != 1 or inspect.iscoroutinefunction(function):
        return None
    kind = hints.get(needed[0].name)
    return kind if kind in (str, bytes) else None


def functions() -> Iterator[Any]:
    for found in pkgutil.walk_packages(lsp_server.__path__, "lsp_server."):
        place = found.name.removeprefix("lsp_server.")
        known = any(place.startswith(name) for name in NOT_OF_TEXTS)
        if place.split(".")[0] not in ROOMS or known or "__main__" in place:
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            is_own = inspect.isfunction(value) and value.__module__ == found.name
            if is_own and not name.startswith("_") and (kind := takes_a_text(value)):
                yield pytest.param(value, kind, id=f"{place}.{name}")


def seconds(function: Callable[[Any], Any], text: Any) -> float:
    started = time.process_time()
    try:
        made = function(text)
        if isinstance(made, Iterator):
            for _ in made:
                pass
    except REFUSALS:
        pass
    except Exception as error:
        if not type(error).__module__.startswith("lsp_server."):
            raise
    return time.process_time() - started


@pytest.mark.parametrize(("function", "kind"), list(functions()))
def test_a_function_takes_time_in_proportion_to_its_text(
    function: Callable[[Any], Any], kind: type[Any]
) -> None:
    for shape in Random(function.__name__).sample(sorted(SHAPES), sampled(len(SHAPES))):

        def text(chars: int, shape: str = shape) -> Any:
            made = SHAPES[shape](chars)
            return made if kind is str else made.encode("utf-8", "surrogatepass")

        if seconds(function, text(CHARS)) > SUSPECT_SECONDS:
            # Turn by turn, so that a machine that is busy for a moment slows both.
            texts = text(CHARS), text(2 * CHARS)
            turns = [[seconds(function, each) for each in texts] for _ in range(TURNS)]
            once, twice = (min(took) for took in zip(*turns, strict=True))
            assert once < SUSPECT_SECONDS or twice < GROWTH_MAX * once, shape


def test_the_functions_are_found() -> None:
    found = {parameter.id for parameter in functions()}
    assert {
        "text.terminal.terminal_text",
        "redaction.secrets.redact",
        "goals.comment_goals.find_comment_goals",
        "tools.matches.read_matches",
        "workspace.files.encoding.decode",
    } <= found
