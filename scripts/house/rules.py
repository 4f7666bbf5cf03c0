"""A rule names the places that break it, so that a test can hold it and a person can find them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from scripts.house.counts import counted_plurals
from scripts.house.docstrings import definitions, headless, verbless
from scripts.house.glossary import words_in_docstrings, words_in_names
from scripts.house.names import duplicate_classes
from scripts.house.own_sentences import compared_sentences
from scripts.house.processes import inherited_streams
from scripts.house.size import large_classes, long_files, long_functions
from scripts.house.sources import Offender, Package
from scripts.house.tool_names import tool_names_elsewhere

FILE_LINES_MAX = 400
CLASS_METHODS_MAX = 15
FUNCTION_LINES_MAX = 50


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule says what must hold for a package and finds the places where it does not."""

    says: str
    offenders: Callable[[Package], list[Offender]]

    def __str__(self) -> str:
        return self.says


def shared_class_names(package: Package) -> list[Offender]:
    return [one for places in duplicate_classes(package).values() for one in places]


def headless_docstrings(package: Package) -> list[Offender]:
    return headless(definitions(package))


def verbless_docstrings(package: Package) -> list[Offender]:
    return verbless(definitions(package))


RULES = (
    Rule(
        f"a file has at most {FILE_LINES_MAX} lines",
        partial(long_files, lines_max=FILE_LINES_MAX),
    ),
    Rule(
        f"a class has at most {CLASS_METHODS_MAX} methods",
        partial(large_classes, methods_max=CLASS_METHODS_MAX),
    ),
    Rule(
        f"a function has at most {FUNCTION_LINES_MAX} lines",
        partial(long_functions, lines_max=FUNCTION_LINES_MAX),
    ),
    Rule("a public class name stands for one class", shared_class_names),
    Rule("a public docstring does not begin as a clause does", headless_docstrings),
    Rule("a public docstring begins with a sentence that has a verb", verbless_docstrings),
    Rule("our own sentences are not read back", compared_sentences),
    Rule("a process that we start inherits none of our streams", inherited_streams),
    Rule("a number says its noun by `count_of`", counted_plurals),
    Rule("a tool's name is spelled out in the tool's own file alone", tool_names_elsewhere),
)


def glossary_rules(forbidden: Sequence[str]) -> tuple[Rule, Rule]:
    """Makes the rules of a glossary, of which `forbidden_words` reads the words."""
    return (
        Rule(
            "a name holds no word that the glossary forbids",
            partial(words_in_names, forbidden=forbidden),
        ),
        Rule(
            "a docstring holds no word that the glossary forbids",
            partial(words_in_docstrings, forbidden=forbidden),
        ),
    )
