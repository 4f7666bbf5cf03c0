"""Workflows in words and pictures."""

from __future__ import annotations

import re

import pytest

from lsp_server.domain.workflows import NodeState, NodeStatus
from lsp_server.wording.workflow_texts import (
    as_tree,
    mermaid,
    node_outline,
    shows_whole,
    workflow_tone,
)


def node(name: str, *needs: str, state: NodeState = "waiting", why: str = "") -> NodeStatus:
    return NodeStatus(name, name.upper(), needs, state, why=why)


DIAMOND = (
    node("join", "left", "right"),
    node("top", state="achieved"),
    node("left", "top", state="running"),
    node("right", "left", "top"),
    node("alone", state="unmet", why="`make`: exit status 2"),
)


def test_the_tree_has_each_node_once_below_the_one_it_waits_for_longest() -> None:
    assert node_outline(DIAMOND) == [
        "[x] TOP",
        "  [>] LEFT",
        "    [ ] RIGHT",
        "      [ ] JOIN",
        "[!] ALONE: unmet: `make`: exit status 2",
    ]
    assert len(list(as_tree(DIAMOND))) == len(DIAMOND)


def test_a_chain_as_long_as_can_be_is_drawn() -> None:
    chain = [node("n0"), *(node(f"n{n}", f"n{n - 1}") for n in range(1, 100))]
    assert [depth for depth, _ in as_tree(chain[::-1])] == list(range(100))


def test_the_picture_has_each_node_and_each_need() -> None:
    picture = mermaid(DIAMOND)
    assert picture.startswith("flowchart TD\n")
    assert len(re.findall(r"\[\"[A-Z]+<br/>\w+\"\]", picture)) == len(DIAMOND)
    assert picture.count("-->") == sum(len(one.needs) for one in DIAMOND)
    assert "n1 --> n2" in picture


@pytest.mark.parametrize(
    "title",
    [
        'a"] --> b["',
        "x\ny",
        "end",
        "<script>",
        "`code`",
        "%%{init: {}}%%",
        "a;b",
        "#quot;",
        "\x1b[31m",
    ],
)
def test_no_title_can_add_to_the_picture(title: str) -> None:
    picture = mermaid([NodeStatus("a", title, ()), NodeStatus("b", "B", ("a",))])
    first = picture.splitlines()[1]
    assert re.fullmatch(r' {4}n0\["[^"\[\]<>{};#`]*<br/>waiting"\]', first), first
    assert picture.count("-->") == 1
    assert all(line.isprintable() for line in picture.splitlines())


@pytest.mark.parametrize(
    ("states", "tone"),
    [
        (("achieved", "finished"), "good"),
        (("achieved", "running"), "waiting"),
        (("achieved", "skipped"), "bad"),
        (("unmet", "running"), "bad"),
    ],
)
def test_the_tone_says_how_it_stands(states: tuple[NodeState, ...], tone: str) -> None:
    assert workflow_tone([node(str(n), state=state) for n, state in enumerate(states)]) == tone


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (("waiting", "waiting"), True),
        (("achieved", "waiting"), False),
        (("achieved", "running"), False),
        (("achieved", "unmet"), True),
        (("achieved", "stopped", "waiting"), True),
    ],
)
def test_a_log_has_the_whole_tree_at_the_beginning_and_in_the_end(
    states: tuple[NodeState, ...], whole: bool
) -> None:
    assert shows_whole([node(str(n), state=each) for n, each in enumerate(states)]) == whole
