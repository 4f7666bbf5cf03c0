"""Facts that say the same become one that has the evidence of all; of two that contradict each other one is demoted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.domain.memories import Fact, FactSource
from lsp_server.memory.made_facts import new_fact
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data.past_runs import write_journal
from tests.harness.command_line import holdfast


def fact(text: str, source: FactSource, evidence: str, day: int) -> Fact:
    at = f"2026-01-{day:02}T00:00:00+00:00"
    return replace(new_fact(text, source, evidence), at=at, checked_at=at)


SAID = "The service of orders listens on port 8000."
AGAIN = "The services of orders listen on the port 8000"
ONCE_MORE = "the service of orders listens on the port 8000"


def write(project: Path, *facts: Fact) -> FactFile:
    data = workspace_folder(data_folder(), project)
    write_journal(data / "runs", 0, [("said", "Look around.", "")], project)
    file = FactFile(data)
    for one in facts:
        file.add(one)
    return file


async def answer_all(project: Path) -> list[str]:
    """Dreams and accepts what is to be retired; the ids of the suggestions."""
    assert (await holdfast("dream", folder=project)).status == 0
    ids = [one["id"] for one in (await holdfast("inbox", "--json", folder=project)).events]
    done = await holdfast("inbox", "accept", *ids, folder=project)
    assert (done.status, done.errors) == (0, "")
    return ids


@pytest.mark.parametrize("turned", [False, True])
async def test_facts_that_say_the_same_become_one_with_the_evidence_of_all(
    project: Path, turned: bool
) -> None:
    stays = fact(SAID, "runs", "runs: c", 3)
    gone = [fact(AGAIN, "agent", "command: make a", 1), fact(ONCE_MORE, "runs", "runs: b", 2)]
    file = write(project, *(gone[::-1] if turned else gone), stays)
    ids = await answer_all(project)
    assert len(ids) == 2
    after = {one.id: one for one in file.facts()}
    assert [one.text for one in after.values() if one.trusted] == [SAID]
    shown = {part for one in gone for part in (one.id, one.evidence_id)}
    assert set(after[stays.id].merged) == shown
    assert after[stays.id] == replace(stays, merged=after[stays.id].merged), "it stays as it is"
    assert "says the same" in (await holdfast("evolve", "status", "--json", folder=project)).output

    await holdfast("inbox", "restore", *ids, folder=project)
    back = {one.id: replace(one, checked_at="") for one in file.facts()}
    assert back == {one.id: replace(one, checked_at="") for one in (*gone, stays)}


async def test_a_fact_of_a_persons_own_takes_nothing_in(project: Path) -> None:
    theirs = fact(SAID, "person", "", 1)
    file = write(project, theirs, fact(AGAIN, "agent", "command: make a", 2))
    await answer_all(project)
    assert [one for one in file.facts() if one.trusted] == [theirs]


async def test_of_facts_that_contradict_each_other_the_weaker_is_demoted_to_a_claim(
    project: Path,
) -> None:
    older, newer = (
        fact(f"The port of the service is {port}.", "runs", f"runs: {port}", day)
        for port, day in ((8000, 1), (9000, 2))
    )
    file = write(project, older, newer)
    (answered,) = await answer_all(project)
    after = {one.id: one for one in file.facts()}
    assert (after[older.id].status, after[newer.id]) == ("claimed", newer)
    assert not after[older.id].trusted, "it is told no more, and found as a claim"
    await holdfast("inbox", "restore", answered, folder=project)
    assert all(one.trusted for one in file.facts())
