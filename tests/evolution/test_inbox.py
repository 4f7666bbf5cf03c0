"""The inbox on the disk: which suggestion an id means, and a file that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.evolution.inbox import Inbox, InboxBusy, NoSuchSuggestion
from lsp_server.evolution.suggestion import suggestion

ONE = suggestion("keep_fact", "`make docs` checks the work in this project.", "seen")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    kept = Inbox(tmp_path / "evolution")
    kept.offer([ONE], "2026-01-01T00:00:00+00:00", ["keep_fact"])
    return kept


@pytest.mark.parametrize("written", ["{}", "{}:", " {},", "{:.4}"])
def test_an_id_is_found_as_people_copy_it(inbox: Inbox, written: str) -> None:
    assert inbox.find(written.format(ONE.id.upper())).text == ONE.text


@pytest.mark.parametrize("written", ["", " ", ",", ":", "keep", "*", f"{ONE.id}0"])
def test_what_is_no_id_means_none(inbox: Inbox, written: str) -> None:
    with pytest.raises(NoSuchSuggestion):
        inbox.find(written)


def test_an_inbox_that_cannot_be_read_is_not_taken_for_an_empty_one(
    inbox: Inbox, tmp_path: Path
) -> None:
    place = tmp_path / "evolution/inbox.jsonl"
    place.rename(tmp_path / "before.jsonl")
    place.symlink_to(place)  # Nobody can read a link to itself, whoever they are.
    with pytest.raises(InboxBusy, match="cannot be changed"):
        inbox.offer([], "2026-01-02T00:00:00+00:00", ["keep_fact"])
    assert place.is_symlink(), "it is not written over"
