"""The inbox as a person reads it: groups, what is worth most first, and what they edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from lsp_server.evolution.inbox_document import group_headings, inbox_sections, updated_inbox
from lsp_server.evolution.inbox_groups import SHOWN_MAX, grouped
from lsp_server.evolution.lesson import LessonKind
from lsp_server.evolution.suggestion import Suggestion, suggestion


def links(evidence: Iterable[str]) -> Mapping[str, str]:
    return {one: f"file:///{one}#L1" for one in evidence}


def found(number: int, lesson: LessonKind, runs: int) -> Suggestion:
    text = f"lesson {number} of {lesson}"
    return suggestion("keep_fact", text, "seen", evidence=("r/c",), lesson=lesson, runs=runs)


MANY = [found(number, "pair", number) for number in range(SHOWN_MAX + 3)]
FEW = [found(1, "check", 2), found(2, "person", 1)]


def shown_in(text: str) -> list[str]:
    return [section.text for section in inbox_sections(text)]


def test_groups_stand_in_the_order_of_their_worth_with_what_most_runs_show_first() -> None:
    text = updated_inbox("", grouped([*MANY, *FEW]), links)
    assert [heading.name for heading in group_headings(text)] == ["said", "checks", "pairs"]
    best = [one.text for one in reversed(MANY)][:SHOWN_MAX]
    assert shown_in(text) == ["lesson 2 of person", "lesson 1 of check", *best]
    assert f"({SHOWN_MAX} of {len(MANY)})\n\n*And 3 more" in text
    assert "- [r](file:///r/c#L1)" in text


def test_what_was_answered_makes_room_for_the_next() -> None:
    text = updated_inbox("", grouped(MANY), links)
    left = [one for one in MANY if one is not MANY[-1]]
    assert shown_in(updated_inbox(text, grouped(left), links))[-1] == MANY[-1 - SHOWN_MAX].text


def test_what_a_person_edited_stays_though_others_are_worth_more() -> None:
    last = MANY[-SHOWN_MAX]
    text = updated_inbox("", grouped(MANY), links).replace(last.text, "my own words")
    better = [found(number, "pair", number) for number in range(90, 90 + SHOWN_MAX)]
    after = updated_inbox(text, grouped([*MANY, *better]), links)
    assert shown_in(after) == [*(one.text for one in reversed(better)), "my own words"]


def test_a_document_of_an_earlier_version_is_read() -> None:
    one = FEW[0]
    earlier = f"# Inbox\n\n## Keep: {one.id}\n\n```text\nmy own words\n```\n\nIt was seen.\n"
    after = updated_inbox(earlier, grouped([one]), links)
    assert shown_in(after) == ["my own words"]
    assert f"\n### Keep: {one.id}\n" in after
    assert updated_inbox(after, grouped([one]), links) == after


@pytest.mark.parametrize(
    "left",
    [
        pytest.param("my own words", id="no marks"),
        pytest.param("```text\nmy own words\n", id="one mark"),
        pytest.param("  ```text\n  my own words\n  ```", id="indented"),
        pytest.param("```text\n\n```", id="emptied"),
    ],
)
def test_what_cannot_be_read_any_more_counts_as_edited_and_stays(left: str) -> None:
    one = MANY[0]
    text = updated_inbox("", grouped([one]), links)
    text = text.replace(f"```text\n{one.text}\n```", left)
    assert shown_in(text) == [""]
    after = updated_inbox(text, grouped(MANY), links)
    assert left.strip() in after
    assert shown_in(after)[-1] == ""


def test_line_ends_of_another_system_change_nothing() -> None:
    text = updated_inbox("", grouped([*MANY, *FEW]), links)
    other = text.replace(FEW[0].text, "my own words").replace("\n", "\r\n")
    assert "my own words" in shown_in(other)
    assert list(group_headings(other)) == list(group_headings(text))
    assert updated_inbox(other, grouped([*MANY, *FEW]), links) == other.replace("\r\n", "\n")
