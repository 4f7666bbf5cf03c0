"""No regular expression takes the square of a text's length, as it is used.

Each expression of the package gets texts that are made of its own parts: what it looks
for, cut off somewhere, then a part that it repeats. Twice the text may take twice the time.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import pytest

import lsp_server
from tests.sampling import sampled

CHARS = 6_000
SUSPECT_SECONDS = 0.03
"""A text of CHARS that takes the square of it takes longer; in proportion, a hundredth."""
GROWTH_MAX = 2.8
TURNS = 5
ATTACK_SECONDS_MAX = 20.0
REPEATS_MAX = 3
UNITS_MAX = 10
USES = {
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "search": lambda pattern, text: pattern.search(text),
    "finditer": lambda pattern, text: sum(1 for _ in pattern.finditer(text)),
    "findall": lambda pattern, text: pattern.findall(text),
    "split": lambda pattern, text: pattern.split(text),
    "sub": lambda pattern, text: pattern.sub("", text),
}
CHARS_READ = {
    "agent.state.literals._LITERAL": 500,
    "models.error_body._TAGS": 4_000,
    "models.provider_errors._TOO_LONG": 4_000,
    "session.memory.evidence._CODE_SPAN": 300,
}
"""What reads no more of a text than this, before the expression sees it."""
SHORT_SECONDS_MAX = 1.0
"""What an expression of CHARS_READ may take for as much as it sees."""


class Named(NamedTuple):
    """An expression that a module names, and the methods that are called on it."""

    place: str
    pattern: re.Pattern[Any]
    uses: tuple[str, ...]


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(lsp_server.__path__, "lsp_server."):
        if not any(
            part in found.name for part in ("__main__", ".sample", "probe_script", "harbor_agent")
        ):
            yield importlib.import_module(found.name)


def patterns() -> list[Named]:
    source = "".join(path.read_text("utf-8") for path in Path(lsp_server.__path__[0]).rglob("*.py"))
    named: list[Named] = []
    for module in modules():
        own = Path(module.__file__).read_text("utf-8")
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and re.search(rf"^{name}\b.*=", own, re.MULTILINE):
                text = own if name.startswith("_") else source
                found = set(re.findall(rf"\b{name}\.([a-z]+)\(", text)) & USES.keys()
                place = f"{module.__name__.removeprefix('lsp_server.')}.{name}"
                named.append(Named(place, value, tuple(sorted(found))))
    return named


def inner(code: Any, argument: Any) -> list[Any]:
    """The expressions in a part of an expression."""
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return [argument[2]]
    if code is codes.SUBPATTERN:
        return [argument[3]]
    if code is codes.BRANCH:
        return list(argument[1])
    if code is codes.ATOMIC_GROUP:
        return [argument]
    return []


CATEGORIES = {
    codes.CATEGORY_SPACE: " \n",
    codes.CATEGORY_DIGIT: "1",
    codes.CATEGORY_WORD: "a_1",
    codes.CATEGORY_NOT_SPACE: "a.",
    codes.CATEGORY_NOT_WORD: ". ",
    codes.CATEGORY_NOT_DIGIT: "a",
}


def members(argument: Any) -> str:
    """Characters that a set has; of one that excludes some, a few that are usual."""
    chars, excluded = "", False
    for code, value in argument:
        if code is codes.NEGATE:
            excluded = True
        elif code is codes.LITERAL:
            chars += chr(value)
        elif code is codes.RANGE:
            chars += chr(value[0]) + chr(value[1])
        elif code is codes.CATEGORY:
            chars += CATEGORIES[value]
    return "".join(char for char in "xa1 -_.\n\"'" if char not in chars) if excluded else chars


def units(tree: Any) -> set[str]:
    """The characters and words that an expression is made of."""
    found: set[str] = set()
    word = ""
    for code, argument in tree:
        if code is codes.LITERAL:
            word += chr(argument)
            found.add(chr(argument))
            continue
        found |= {word} - {""}
        word = ""
        if code is codes.IN:
            found |= set(members(argument))
        elif code in (codes.ANY, codes.NOT_LITERAL):
            found.add("x")
        for part in inner(code, argument):
            found |= units(part)
    return found | ({word} - {""})


def sample(tree: Any, random: Random) -> str:
    """A text that the expression matches, or nearly."""
    text = ""
    for code, argument in tree:
        if code is codes.LITERAL:
            text += chr(argument)
        elif code is codes.IN:
            text += random.choice(members(argument) or "x")
        elif code in (codes.ANY, codes.NOT_LITERAL):
            text += "x"
        elif code is codes.BRANCH:
            text += sample(random.choice(argument[1]), random)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            low, high, part = argument
            for _ in range(random.randint(low, max(low, min(high, low + REPEATS_MAX)))):
                text += sample(part, random)
        else:
            text += "".join(sample(part, random) for part in inner(code, argument))
    return text


def attacks(pattern: re.Pattern[Any], count: int) -> list[tuple[str, str]]:
    """Beginnings of texts, and what is repeated behind each."""
    written = (
        pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    )
    flags = pattern.flags if isinstance(pattern.pattern, str) else pattern.flags | re.ASCII
    tree = _parser.parse(written, flags)
    random = Random(ascii(written))
    parts = sorted(units(tree) | {" ", "\n", "a"})
    parts = random.sample(parts, min(len(parts), UNITS_MAX))
    made = [("", part) for part in parts]
    for _ in range(count):
        text = sample(tree, random)
        cut = random.randint(0, len(text))
        made += [(text[:cut], random.choice(parts)), ("", text[: cut + 1] or "a")]
        made += [("", random.choice(parts) + random.choice(parts))]
    return made


def seconds(use: Callable[[Any, Any], object], pattern: re.Pattern[Any], text: Any) -> float:
    started = time.process_time()
    use(pattern, text)
    return time.process_time() - started


def attack(pattern: re.Pattern[Any], pair: tuple[str, str], chars: int) -> Any:
    whole = pair[0] + pair[1] * max(1, chars // len(pair[1])) + "\x01"
    return whole if isinstance(pattern.pattern, str) else whole.encode("latin-1", "replace")


def growth(
    use: Callable[[Any, Any], object], pattern: re.Pattern[Any], pair: tuple[str, str]
) -> float:
    """How much longer twice the text takes; 1 for what takes no time."""
    # From short to long, as some take all the time there is for thirty characters.
    for chars in (20, 40, 200, 1_000, CHARS):
        if seconds(use, pattern, attack(pattern, pair, chars)) > SUSPECT_SECONDS:
            texts = attack(pattern, pair, chars), attack(pattern, pair, 2 * chars)
            # Turn by turn, so that a machine that is busy for a moment slows both.
            turns = [[seconds(use, pattern, text) for text in texts] for _ in range(TURNS)]
            once, twice = (min(took) for took in zip(*turns, strict=True))
            return twice / once if once > SUSPECT_SECONDS else 1.0
    return 1.0


@pytest.mark.parametrize("named", [pytest.param(each, id=each.place) for each in patterns()])
def test_an_expression_takes_time_in_proportion_to_the_text(named: Named) -> None:
    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    try:
        for pair in attacks(named.pattern, sampled(24)):
            for use in named.uses:
                signal.setitimer(signal.ITIMER_REAL, ATTACK_SECONDS_MAX)
                if chars := CHARS_READ.get(named.place):
                    took = seconds(USES[use], named.pattern, attack(named.pattern, pair, chars))
                    assert took < SHORT_SECONDS_MAX, f"{use} of {pair!a}"
                else:
                    grown = growth(USES[use], named.pattern, pair)
                    assert grown < GROWTH_MAX, f"{use} of {pair!a}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
