"""Files that a person really has, met by a whole run: a clear message, and nothing is lost."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lsp_server.domain.events import ToolReturned
from tests.harness.workshop import calls, finish, workshop

BOM = b"\xef\xbb\xbf"


async def results(project: Path, *arguments: tuple[str, dict[str, object]]) -> list[str]:
    """What the model was told to a call each."""
    turns = [*(calls(call) for call in arguments), finish()]
    async with workshop(project, turns) as shop:
        await shop.run()
        return [event.result.text for event in shop.events(ToolReturned)][: len(arguments)]


def edit(old: str, new: str, path: str = "file.txt") -> tuple[str, dict[str, object]]:
    return ("edit", {"path": path, "old_text": old, "new_text": new})


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        (b"one\r\ntwo\r\n", "one\ntwo", "one\nand\ntwo", b"one\r\nand\r\ntwo\r\n"),
        (BOM + b"one\n", "one", "two", BOM + b"two\n"),
        ("caf\xe9\n".encode("latin-1"), "caf", "k\xe4f", "k\xe4f\xe9\n".encode("latin-1")),
        ("é🙂漢\n".encode(), "🙂", "🙃", "é🙃漢\n".encode()),
        ("é\n".encode("utf-16"), "é", "è", "è\n".encode("utf-16")),
        (b"no newline at the end", "newline", "line feed", b"no line feed at the end"),
        (b"mixed\r\nendings\n", "endings", "ends", b"mixed\r\nends\n"),
    ],
    ids=["crlf", "bom", "latin-1", "astral", "utf-16", "no final newline", "mixed"],
)
async def test_an_edit_keeps_encoding_and_line_endings(
    project: Path, before: bytes, old: str, new: str, after: bytes
) -> None:
    (project / "file.txt").write_bytes(before)
    (told,) = await results(project, edit(old, new))
    assert told.startswith("edited"), told
    assert (project / "file.txt").read_bytes() == after


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"a\x00b", "binary"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        (b"x" * 50_000_000, "too large"),
    ],
    ids=["nul", "png", "50 MB"],
)
async def test_a_file_that_is_no_text_is_named_and_left_alone(
    project: Path, content: bytes, complaint: str
) -> None:
    (project / "file.txt").write_bytes(content)
    told = await results(project, ("read", {"path": "file.txt"}), edit("x", "y"))
    for text in told:
        assert "file.txt" in text
        assert any(word in text for word in (complaint, "MB", "damaged"))
    assert (project / "file.txt").read_bytes() == content


async def test_what_latin_1_cannot_say_is_not_written(project: Path) -> None:
    (project / "file.txt").write_bytes(b"caf\xe9\n")
    (told,) = await results(project, edit("caf", "漢"))
    assert "latin-1" in told.lower()
    assert (project / "file.txt").read_bytes() == b"caf\xe9\n"


@pytest.mark.parametrize(
    "path", ["../outside.txt", "link.txt", "folder/../../outside.txt", "{absolute}"]
)
async def test_a_path_out_of_the_workspace_asks_and_without_an_answer_nothing_happens(
    project: Path, tmp_path: Path, path: str
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("private\n")
    (project / "folder").mkdir()
    (project / "link.txt").symlink_to(outside)
    path = path.format(absolute=outside)
    asked: list[str] = []

    def refuse(question: object) -> None:
        asked.append(str(question))

    turns = [
        calls(("read", {"path": path})),
        calls(("write", {"path": path, "text": "overwritten"})),
        finish(),
    ]
    async with workshop(
        project, turns, answer=refuse, permissions={"mode": "full", "answer_timeout_seconds": 0.05}
    ) as shop:
        await shop.run()
        told = [event.result for event in shop.events(ToolReturned)][:2]
    assert all(result.is_error for result in told), "full mode asks about these, too"
    assert len(asked) == 2
    assert outside.read_text() == "private\n"


async def test_mode_and_links_inside_the_workspace_are_kept(project: Path) -> None:
    script = project / "run.sh"
    script.write_text("echo old\n")
    script.chmod(0o755)
    (project / "alias.sh").symlink_to(script)
    await results(project, edit("old", "new", "alias.sh"))
    assert script.read_text() == "echo new\n"
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert (project / "alias.sh").is_symlink()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("read", {"path": "missing.py"}), ["missing.py", "no"]),
        (("read", {"path": "folder"}), ["folder"]),
        (("read", {"path": "a\nb"}), ["not a path"]),
        (("read", {"path": "loop"}), ["loop"]),
        (("read", {"path": "file.txt", "start_line": 0}), ["start_line"]),
        (("read", {"path": "file.txt", "start_line": 99}), ["99"]),
        (edit("x", "y"), ["is not in file.txt"]),
        (edit("some", "y"), ["nearest", "same"]),
        (edit("same", "other"), ["2", "lines"]),
        (edit("", "y"), ["old_text"]),
        (edit("one", "one"), ["same"]),
        (("search", {"query": "(", "mode": "regex"}), ["("]),
        (("shell", {"command": ""}), ["command"]),
        (("shell", {"command": "true", "timeout_seconds": 99999}), ["timeout_seconds"]),
    ],
    ids=str,
)
async def test_a_wrong_call_is_answered_with_what_to_do(
    project: Path, call: tuple[str, dict[str, object]], words: list[str]
) -> None:
    (project / "folder").mkdir()
    (project / "file.txt").write_text("one\nsame\nsame\n")
    (project / "loop").symlink_to("loop")
    (told,) = await results(project, call)
    for word in words:
        assert word.lower() in told.lower(), told
    assert (project / "file.txt").read_text() == "one\nsame\nsame\n"
