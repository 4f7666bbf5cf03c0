"""This module draws workflows for people: as lines of a tree, and as a picture in Mermaid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from lsp_server.domain.ids import Id
from lsp_server.domain.workflows import NodeState, NodeStatus
from lsp_server.text.truncate import one_line

TITLE_CHARS_MAX = 60
WHY_CHARS_MAX = 120
DEPTH_MAX = 8
"""Nodes further in are shown no deeper."""

MARKS: Mapping[NodeState, str] = {
    "waiting": " ",
    "running": ">",
    "achieved": "x",
    "finished": "x",
    "unmet": "!",
    "blocked": "?",
    "stopped": "!",
    "failed": "!",
    "skipped": "-",
}

_COLOURS: Mapping[str, tuple[NodeState, ...]] = {
    "fill:#d5f0d5,stroke:#2c7a2c,color:#1b3d1b": ("achieved", "finished"),
    "fill:#fff3c9,stroke:#a47a00,color:#4d3a00": ("running", "blocked"),
    "fill:#f9d6d5,stroke:#b3261e,color:#5c120d": ("unmet", "failed", "stopped"),
    "fill:#eeeeee,stroke:#888888,color:#444444": ("waiting", "skipped"),
}
_UNSAFE = re.compile(r'["`<>#&;\\\[\]{}|()\x00-\x1f\x7f-\x9f]')


def workflow_tone(nodes: Sequence[NodeStatus]) -> Literal["good", "bad", "waiting"]:
    """Returns how a view may colour a workflow: good once all is done, bad once a node fell short."""
    if all(node.is_done for node in nodes):
        return "good"
    over = [node for node in nodes if node.is_over and not node.is_done]
    return "bad" if over else "waiting"


def shows_whole(nodes: Sequence[NodeStatus]) -> bool:
    """Says whether a log shows the whole tree: before the first node begins, and in the end."""
    states = {node.state for node in nodes}
    begins, ends = states == {"waiting"}, all(node.is_over for node in nodes)
    return "running" not in states and (begins or ends or "stopped" in states)


def node_outline(nodes: Sequence[NodeStatus]) -> list[str]:
    """Returns a line for each node, set in below the one that it waits for longest.

    >>> node_outline([NodeStatus("a", "Parse", (), "achieved"), NodeStatus("b", "Test", ("a",))])
    ['[x] Parse', '  [ ] Test']
    """
    return [
        f"{'  ' * min(DEPTH_MAX, depth)}[{MARKS[node.state]}] {node_text(node)}"
        for depth, node in as_tree(nodes)
    ]


def node_text(node: NodeStatus) -> str:
    """Returns the title of a node, with how it came to where it is if it fell short."""
    title = one_line(node.title, TITLE_CHARS_MAX)
    if node.is_done or not node.is_over:
        return title
    return f"{title}: {node.state}" + (f": {one_line(node.why, WHY_CHARS_MAX)}" if node.why else "")


def node_fields(nodes: Sequence[NodeStatus]) -> list[dict[str, object]]:
    """Returns the values of each node that a view of the tree needs, from the top down."""
    return [
        {
            "id": node.id,
            "title": node.title,
            "state": node.state,
            "depth": depth,
            "run_id": node.run_id or None,
            "why": node.why,
        }
        for depth, node in as_tree(nodes)
    ]


def as_tree(nodes: Sequence[NodeStatus]) -> Iterator[tuple[int, NodeStatus]]:
    """Yields each node once, from the top down, with its depth in the tree."""
    depths = _depths(nodes)
    below: dict[Id, list[NodeStatus]] = {}
    for node in nodes:
        known = [need for need in node.needs if need in depths]
        parent = max(known, key=lambda need: depths[need], default="")
        below.setdefault(parent, []).append(node)
    left = [(0, node) for node in reversed(below.get("", []))]
    while left:
        depth, node = left.pop()
        yield depth, node
        left += [(depth + 1, each) for each in reversed(below.get(node.id, []))]


def _depths(nodes: Sequence[NodeStatus]) -> Mapping[Id, int]:
    """Returns for each node how many stand before it, one behind the other."""
    depths = {node.id: 0 for node in nodes}
    for _ in nodes:  # The longest way goes over all of them.
        for node in nodes:
            depths[node.id] = max(
                (depths[need] + 1 for need in node.needs if need in depths), default=0
            )
    return depths


def mermaid(nodes: Sequence[NodeStatus]) -> str:
    """Returns a flowchart of a workflow, each node in the colour of its state."""
    names = {node.id: f"n{number}" for number, node in enumerate(nodes)}
    lines = ["flowchart TD"]
    for node in nodes:
        title = _UNSAFE.sub(" ", one_line(node.title, TITLE_CHARS_MAX))
        lines.append(f'    {names[node.id]}["{title}<br/>{node.state}"]')
    lines += [
        f"    {names[need]} --> {names[node.id]}"
        for node in nodes
        for need in node.needs
        if need in names
    ]
    for number, (style, states) in enumerate(_COLOURS.items()):
        coloured = [names[node.id] for node in nodes if node.state in states]
        if coloured:
            lines.append(f"    classDef c{number} {style}")
            lines.append(f"    class {','.join(coloured)} c{number}")
    return "\n".join(lines)
