"""Custom agents: what their files say, and what is wrong with one, on its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.skills.custom_agent import CustomAgent, read_agent
from lsp_server.skills.source import Problem

HEAD = "name: reviewer\ndescription: Reviews changes."


def read(
    tmp_path: Path, head: str, body: str = "Review it."
) -> tuple[CustomAgent | None, list[Problem]]:
    path = tmp_path / "reviewer.md"
    path.write_text(f"---\n{head}\n---\n{body}" if head else body)
    agent, problems = read_agent(path, "user")
    return agent, list(problems)


@pytest.mark.parametrize(
    ("head", "tools", "without", "model", "mode"),
    [
        (HEAD, None, (), "", "build"),
        (f"{HEAD}\ntools: Read, Grep", ("Read", "Grep"), (), "", "build"),
        (f"{HEAD}\ntools:\n  - read\n  - shell", ("read", "shell"), (), "", "build"),
        (f"{HEAD}\ndisallowedTools: Write, Edit", None, ("Write", "Edit"), "", "build"),
        (f"{HEAD}\nmodel: inherit\ncolor: blue", None, (), "inherit", "build"),
        (f"{HEAD}\nmode: plan", None, (), "", "plan"),
        (f"{HEAD}\npermissionMode: plan", None, (), "", "plan"),
        (f"{HEAD}\npermissionMode: bypassPermissions", None, (), "", "build"),
    ],
)
def test_the_head_says_what_an_agent_is(
    tmp_path: Path,
    head: str,
    tools: tuple[str, ...],
    without: tuple[str, ...],
    model: str,
    mode: str,
) -> None:
    agent, problems = read(tmp_path, head)
    assert not problems
    assert agent is not None
    assert (agent.name, agent.body) == ("reviewer", "Review it.")
    assert (agent.tools, agent.without, agent.model, agent.mode) == (tools, without, model, mode)


@pytest.mark.parametrize(
    ("head", "line", "words"),
    [
        ("description: Reviews.", 0, "needs a `name`"),
        (f"{HEAD}\nmode: subagent", 3, "plan or build"),
        (f"{HEAD}\ntools:", 3, "names none"),
    ],
)
def test_what_is_wrong_and_does_no_harm_is_named(
    tmp_path: Path, head: str, line: int, words: str
) -> None:
    agent, (problem,) = read(tmp_path, head)
    assert agent is not None
    assert (problem.line, words in problem.message) == (line, True)


@pytest.mark.parametrize(
    ("head", "body", "line", "words"),
    [
        ("", "Review it.", 0, "description"),
        ("name: reviewer", "Review it.", 0, "description"),
        ("name: a b\ndescription: x", "Review it.", 1, "cannot be typed"),
        ("name: ../../x\ndescription: x", "Review it.", 1, "cannot be typed"),
        (HEAD, " \n", 0, "no text"),
        (f"{HEAD}\ntools: [Read, Edit]", "Review it.", 3, "lists and keys on lines of their own"),
        (f"{HEAD}\ntools:\n  read: true\n  bash: false", "Review it.", 3, "must be names"),
        (f"{HEAD}\ndisallowedTools:\n  bash: true", "Review it.", 3, "must be names"),
        (f"{HEAD}\nmodel:\n  - a\n  - b", "Review it.", 3, "must be names"),
        (f"{HEAD}\nname: twice", "Review it.", 3, "there twice"),
    ],
)
def test_an_agent_that_cannot_be_used_says_why(
    tmp_path: Path, head: str, body: str, line: int, words: str
) -> None:
    agent, problems = read(tmp_path, head, body)
    assert agent is None
    assert any(one.line == line and words in one.message for one in problems), problems


def test_a_mode_that_is_none_changes_nothing(tmp_path: Path) -> None:
    agent, _ = read(tmp_path, f"{HEAD}\nmode: primary")
    assert agent is not None
    assert agent.mode == "plan"
