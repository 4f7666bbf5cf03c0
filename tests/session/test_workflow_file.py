"""A workflow as a person writes it: what is read of it, and what is said of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.goals import CommandCheck
from lsp_server.domain.workflows import NODES_MAX
from lsp_server.session.workflows.workflow_file import read_workflow


def problems(tmp_path: Path, text: str, name: str = "plan.md") -> list[tuple[int, str]]:
    """The problems of a file, with their lines counted from 1."""
    path = tmp_path / name
    path.write_text(text)
    written, found = read_workflow(path, "project")
    assert (written is None) == bool(found)
    return [(one.line + 1, one.message) for one in found]


WHOLE = """\
---
description: Adds retries to the client.
---
Be careful with the public names.

## tests: Write the tests
- agent: tester
- attempts: 2
- rework: 3

Cover 429 and 503. Write them as

```python
## no heading
- needs: nothing
```

- [ ] they fail without the change
- [ ] they are collected
  - check: `pytest --collect-only -q`
- check: `ruff check tests`

## Make it retry
- needs: tests

Implement it in `client.py`.

### How
With a loop.

## docs
- needs: Make it retry, Write the tests
- mode: plan

Describe it.
"""


def test_a_whole_workflow_is_read(tmp_path: Path) -> None:
    path = tmp_path / "retries.md"
    path.write_text(WHOLE)
    written, found = read_workflow(path, "project")
    assert not found
    assert written is not None
    assert (written.name, written.description) == ("retries", "Adds retries to the client.")
    workflow = written.workflow
    assert workflow.common == "Be careful with the public names."
    tests, retry, docs = workflow.nodes
    assert (tests.id, tests.title, tests.agent) == ("tests", "Write the tests", "tester")
    assert (tests.attempts, tests.reworks) == (2, 3)
    assert [one.text for one in tests.conditions] == [
        "they fail without the change",
        "they are collected",
        "`ruff check tests` holds",
    ]
    assert tests.conditions[1].checks == (CommandCheck("pytest --collect-only -q"),)
    assert "## no heading" in tests.task, "a heading in a code block is text"
    assert "ruff" not in tests.task
    assert (retry.id, retry.needs) == ("make-it-retry", ("tests",))
    assert "### How" in retry.task
    assert (docs.needs, docs.mode) == (("make-it-retry", "tests"), "plan")


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_endings_and_byte_order_marks_make_no_difference(
    tmp_path: Path, newline: str, mark: str
) -> None:
    path = tmp_path / "plan.md"
    path.write_bytes((mark + WHOLE.replace("\n", newline)).encode())
    written, found = read_workflow(path, "project")
    assert not found
    assert written is not None
    assert len(written.workflow.nodes) == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "there is no node"),
        ("\n\nOnly words.\n", 1, "there is no node"),
        ("---\ndescription: x\n---\n", 1, "there is no node"),
        ("# Title\n### too deep\nx\n", 1, "there is no node"),
        ("---\ndescription: x\n", 1, "no end"),
        ("---\n- [\n---\n## a\nx\n", 2, "anchors"),
        ("## a\nx\n## a\ny\n", 3, "two nodes with the id a"),
        ("## a: One\nx\n## a: Two\ny\n", 3, "two nodes with the id a"),
        ("## Do it\nx\n## do-it\ny\n", 3, "two nodes with the id do-it"),
        ("## a\n- needs: b\n\nx\n", 2, "needs b, which is no node; there are: a"),
        ("## a\n- needs: a\n\nx\n", 2, "needs itself"),
        ("## a\n- needs: b\n\nx\n## b\n- needs: a\n\ny\n", 2, "wait for each other: a needs b needs a"),
        ("## z\nx\n## a\n- needs: b\n\nx\n## b\n- needs: a\n\ny\n", 4, "wait for each other"),
        ("## a\n", 1, "says nothing"),
        ("## \nx\n", 1, "has no name"),
        ("## ***\nx\n", 1, "has no name"),
        ("## a\n- attempts: many\n\nx\n", 2, "`attempts` is a number from 1 to 8"),
        ("## a\n- attempts: 0\n\nx\n", 2, "`attempts` is a number from 1 to 8"),
        ("## a\n- attempts: 9\n\nx\n", 2, "`attempts` is a number from 1 to 8"),
        ("## a\n- attempts: 99999999999999999999\n\nx\n", 2, "`attempts` is a number"),
        ("## a\n- rework: -1\n\nx\n", 2, "`rework` is a number from 0 to 5"),
        ("## a\n- rework: 1.5\n\nx\n", 2, "`rework` is a number from 0 to 5"),
        ("## a\n- mode: fast\n\nx\n", 2, "`mode` is plan or build"),
        ("## a\n- mode: plan\n- attempts: 2\n\nx\n", 3, "plan mode changes none"),
        ("## a\n- need: b\n\nx\n", 2, "`need:` means nothing here; the keys of a node are"),
        ("## a\n- attempt: 2\n\nx\n", 2, "`attempt:` means nothing here"),
        ("## a\n- agent: x\n- agent: y\n\nx\n", 3, "there twice"),
        ("## a\nSome words.\n- needs: b\n", 3, "right below the heading"),
        ("## a\nx\n- check: ``\n", 3, "the command is missing"),
        ("## a\nx\n- [] it works\n", 3, "this is no condition yet"),
        ("## a\nx\n- [ ] it works\n  - chek: `make`\n", 4, "did you mean `check:`?"),
        ("## a\nx\n- [ ]\n", 3, "the condition says nothing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_on_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    found = problems(tmp_path, text)
    assert any(where == line and words in message for where, message in found), found


def test_front_matter_does_not_move_the_lines(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "---\ndescription: x\n---\n\n## a\n- needs: b\n\nx\n")
    assert found[0] == 6


@pytest.mark.parametrize("count", [NODES_MAX, NODES_MAX + 1, 1000])
def test_more_nodes_than_a_workflow_may_have_are_refused(tmp_path: Path, count: int) -> None:
    found = problems(tmp_path, "".join(f"## n{number}\nx\n" for number in range(count)))
    assert bool(found) == (count > NODES_MAX)
    if found:
        assert found == [
            (2 * NODES_MAX + 1, f"{count:,} nodes are too many; a workflow has at most 100")
        ]


def test_a_chain_as_long_as_can_be_is_read(tmp_path: Path) -> None:
    chain = "".join(
        f"## n{number}\n- needs: n{number - 1}\n\nx\n" for number in range(NODES_MAX - 1, 0, -1)
    )
    assert not problems(tmp_path, chain + "## n0\nx\n")


@pytest.mark.parametrize("name", ["a b.md", "ü(.md"])
def test_a_name_that_cannot_be_typed_is_a_problem(tmp_path: Path, name: str) -> None:
    assert "cannot be typed" in problems(tmp_path, "## a\nx\n", name)[0][1]


def test_a_file_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "dir.md").mkdir()
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe## a")
    (tmp_path / "large.md").write_text("x" * 200_000)
    for name, words in (
        ("dir", "cannot be read"),
        ("bytes", "no UTF-8"),
        ("large", "larger than"),
        ("none", "cannot be read"),
    ):
        written, found = read_workflow(tmp_path / f"{name}.md", "project")
        assert written is None
        assert words in found[0].message
