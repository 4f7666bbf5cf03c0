"""This module finds facts that name what is gone, that contradict each other, or say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from lsp_server.domain.ids import Id
from lsp_server.domain.memories import Fact
from lsp_server.evolution.fact_parts import FactParts, contradict, fact_parts, say_the_same
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.project import Project
from lsp_server.evolution.suggestion import Suggestion, SuggestionKind, suggestion

FAILED_RUNS_MIN = 2
"""After so many last runs in which a command never passed and could not even start, it is gone."""

_STRENGTH = {"person": 2, "runs": 1, "agent": 0}


def review_facts(
    facts: Sequence[Fact], runs: Sequence[PastRun], project: Project
) -> Iterator[Suggestion]:
    """Yields what to do with facts that are told to runs and should not be, each once. Blocking.

    A person's own facts are named only, whatever is wrong with them.
    """
    parts = {fact.id: fact_parts(fact.text) for fact in facts}
    found: dict[Id, Suggestion] = {}
    for fact in facts:
        if why := _gone(parts[fact.id], runs, project):
            found[fact.id] = _about(fact, why)
    for one, other in combinations(facts, 2):
        if one.id in found or other.id in found:
            continue
        weaker, stronger = weaker_first(one, other)
        if say_the_same(parts[one.id], parts[other.id]):
            found[weaker.id] = repeated(weaker, stronger)
        elif contradict(one.text, other.text):
            why = f"a newer or stronger fact contradicts it: “{stronger.text}”"
            found[weaker.id] = replace(_about(weaker, why), becomes="claimed")
    yield from (replace(one, into=_survivor(one, found)) for one in found.values())


def repeated(weaker: Fact, stronger: Fact) -> Suggestion:
    """Returns what to do with a fact that says the same as a stronger one, which takes its evidence."""
    return replace(_about(weaker, f"it says the same as “{stronger.text}”"), into=stronger.id)


def without_file(facts: Sequence[Fact], project: Project) -> frozenset[Id]:
    """Returns the ids of Holdfast's own facts that name a file which is not there. Blocking."""
    return frozenset(
        fact.id
        for fact in facts
        if fact.source != "person" and not all(map(project.has_path, fact_parts(fact.text).paths))
    )


def weaker_first(one: Fact, other: Fact) -> tuple[Fact, Fact]:
    """Returns two facts, the one that gives way where they cannot both stand first."""
    stronger, weaker = sorted((one, other), key=_strength, reverse=True)
    return weaker, stronger


def _strength(fact: Fact) -> tuple[int, bool, str]:
    return _STRENGTH[fact.source], fact.status == "verified", fact.at


def _survivor(one: Suggestion, found: Mapping[Id, Suggestion]) -> Id:
    """The fact that one is merged into in the end, where that is merged into another one itself."""
    into = one.into
    while (further := found.get(into)) is not None and further.into:
        into = further.into
    return into


def _about(fact: Fact, why: str) -> Suggestion:
    kind: SuggestionKind = "review_fact" if fact.source == "person" else "retire_fact"
    return suggestion(kind, fact.text, why, target=fact.id)


def _gone(parts: FactParts, runs: Sequence[PastRun], project: Project) -> str:
    """Says what a fact names that is not there; empty if all of it may be."""
    for path in sorted(parts.paths):
        if not project.has_path(path):
            return f"there is no {path} any more"
    for command in sorted(parts.commands):
        if problem := project.command_problem(command):
            return f"`{command}` cannot run: {problem}"
        if _could_not_run_lately(command, runs):
            return f"`{command}` could not run in the last {FAILED_RUNS_MIN} runs that tried it"
    for symbol in sorted(parts.symbols):
        if not project.has_name(symbol):
            return f"nothing is called {symbol} any more"
    return ""


def _could_not_run_lately(command: str, runs: Sequence[PastRun]) -> bool:
    """Says whether the last runs that used a command could not start it, or what it starts."""
    seen = [
        [use for use in run.commands if use.line == command]
        for run in runs
        if any(use.line == command for use in run.commands)
    ][-FAILED_RUNS_MIN:]
    return len(seen) == FAILED_RUNS_MIN and all(not use.started for uses in seen for use in uses)
