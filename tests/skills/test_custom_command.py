"""Custom commands: what they are given, and what a person typed otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.skills.custom_command import parse_invocation, read_command


@pytest.mark.parametrize(
    ("body", "arguments", "task"),
    [
        ("Review $ARGUMENTS.", "src/a.py now", "Review src/a.py now."),
        ("From $1 to $2.", "'old name' new", "From old name to new."),
        ("From $1 to $2.", "old", "From old to ."),
        ("From $1.", "it's", "From it's."),
        ("Review it.", "src/a.py", "Review it.\n\nsrc/a.py"),
        ("Review it.", "", "Review it."),
        ("$1 and $ARGUMENTS", "'$2' x", "$2 and '$2' x"),
        ("It costs $10 or $ARGUMENTSX.", "", "It costs $10 or $ARGUMENTSX."),
        ("Run !`git status` and read @a.py", "", "Run !`git status` and read @a.py"),
    ],
)
def test_arguments_stand_where_the_text_wants_them(
    tmp_path: Path, body: str, arguments: str, task: str
) -> None:
    path = tmp_path / "it.md"
    path.write_text(body)
    command, problem = read_command(path, "it", "user")
    assert problem is None
    assert command is not None
    assert command.expand(arguments) == task


@pytest.mark.parametrize(
    ("text", "invocation"),
    [
        ("/review", ("review", "")),
        ("  /review src/a.py \n", ("review", "src/a.py")),
        ("/review two\nlines", ("review", "two\nlines")),
        ("/git:commit x", ("git:commit", "x")),
        ("/etc/hosts is wrong", None),
        ("/", None),
        ("look at /review", None),
        ("//review", None),
        ("", None),
    ],
)
def test_only_a_name_at_the_start_is_an_invocation(
    text: str, invocation: tuple[str, str] | None
) -> None:
    assert parse_invocation(text) == invocation


def test_the_head_says_what_the_command_is(tmp_path: Path) -> None:
    path = tmp_path / "explain.md"
    path.write_text(
        "---\ndescription: Explain it\nargument-hint: FILE\nmode: plan\npaths: '*.py, *.pyi'\n"
        "model: dear\nallowed-tools: Bash(rm:*)\n---\nExplain."
    )
    command, _ = read_command(path, "explain", "user")
    assert command is not None
    assert (command.description, command.hint, command.mode) == ("Explain it", "FILE", "plan")
    assert command.fits(Path("a.pyi"))
    assert not command.fits(Path("a.rs"))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("it", b"", "no text"),
        ("it", b"---\nname: x\n---\n\n", "no text"),
        ("it", b"---\nname: x\n", "no end"),
        ("it", b"\xff\xfe", "UTF-8"),
        ("it", b"x" * 100_001, "larger than"),
        ("a b", b"text", "cannot be typed"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / f"{name}.md"
    path.write_bytes(data)
    command, problem = read_command(path, name, "user")
    assert command is None
    assert problem is not None
    assert words in problem.message
