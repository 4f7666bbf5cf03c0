from __future__ import annotations

import os
import resource
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lsp_server.domain.edits import EditSet, FileEdit, TextEdit, fingerprint, minimal_edit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.domain.permissions import Answered, Question
from lsp_server.workspace.files.disk import FILE_BYTES_MAX, FileMissing
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from tests.harness.files import lay_out


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture
def editor(documents: Documents) -> DiskEditor:
    return DiskEditor(documents)


def change(path: Path, before: str, after: str) -> FileEdit:
    return FileEdit(path, fingerprint(before), minimal_edit(before, after))


def create(path: Path, text: str) -> FileEdit:
    return FileEdit(path, None, (TextEdit(0, 0, text),))


async def apply(editor: DiskEditor, *edits: FileEdit) -> None:
    await editor.apply(EditSet(edits, "test"))


def leftovers(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.name.startswith(".holdfast")]


@pytest.mark.parametrize(
    ("before", "text", "after_text", "after"),
    [
        (b"one\ntwo\n", "one\ntwo\n", "one\n2\n", b"one\n2\n"),
        (b"one\r\ntwo\r\n", "one\r\ntwo\r\n", "one\r\n2\r\n", b"one\r\n2\r\n"),
        (b"\xef\xbb\xbfone", "one", "two", b"\xef\xbb\xbftwo"),
        (b"caf\xe9", "caf\u00e9", "th\u00e9", b"th\xe9"),
        ("a".encode("utf-16"), "a", "b", "b".encode("utf-16")),
        (b"", "", "x", b"x"),
        (b"no newline", "no newline", "none", b"none"),
        (b"all", "all", "", b""),
    ],
)
async def test_an_edit_keeps_how_the_file_is_spelled(
    project: Path, editor: DiskEditor, before: bytes, text: str, after_text: str, after: bytes
) -> None:
    path = lay_out(project, {"🎉.txt": before}) / "🎉.txt"
    assert (await editor.read(path)).text == text
    await apply(editor, change(path, text, after_text))
    assert path.read_bytes() == after
    assert leftovers(project) == []


async def test_mode_is_kept_and_a_new_file_follows_the_umask(
    project: Path, editor: DiskEditor
) -> None:
    script = lay_out(project, {"run.sh": "a"}) / "run.sh"
    script.chmod(0o754)
    new = project / "deep/er/new.txt"
    umask = os.umask(0o027)
    try:
        await apply(editor, change(script, "a", "b"), create(new, "n"))
    finally:
        os.umask(umask)
    assert stat.S_IMODE(script.stat().st_mode) == 0o754
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert new.read_text() == "n"


async def test_all_or_nothing(project: Path, editor: DiskEditor) -> None:
    lay_out(project, {"a": "a", "b": "b"})
    edits = change(project / "a", "a", "A"), change(project / "b", "stale", "B")
    with pytest.raises(EditRejected, match="b changed since"):
        await apply(editor, *edits, create(project / "c", "c"))
    assert (project / "a").read_text() == "a"
    assert not (project / "c").exists()
    assert leftovers(project) == []


async def test_delete_and_create(project: Path, editor: DiskEditor) -> None:
    lay_out(project, {"a": "a"})
    await apply(editor, FileEdit(project / "a", fingerprint("a"), (), deletes=True))
    assert not (project / "a").exists()
    await apply(editor, create(project / "a", "again"))
    with pytest.raises(EditRejected, match="exists already"):
        await apply(editor, create(project / "a", "twice"))
    with pytest.raises(EditRejected, match="is gone"):
        await apply(editor, change(project / "missing", "", "x"))


async def test_read_only_files_and_strange_characters_are_rejected(
    project: Path, editor: DiskEditor
) -> None:
    lay_out(project, {"locked": "a", "latin": b"\xe9"})
    (project / "locked").chmod(0o444)
    with pytest.raises(EditRejected, match="locked is read-only"):
        await apply(editor, change(project / "locked", "a", "b"))
    with pytest.raises(EditRejected, match="latin-1"):
        await apply(editor, change(project / "latin", "\u00e9", "€"))
    assert (project / "latin").read_bytes() == b"\xe9"


async def test_a_path_that_became_a_link_is_not_written_through(
    project: Path, editor: DiskEditor
) -> None:
    outside = lay_out(project.parent / "outside", {"f": "a"})
    (project / "sub").symlink_to(outside)
    (project / "link").symlink_to(outside / "f")
    for path in (project / "sub" / "f", project / "link"):
        with pytest.raises(EditRejected, match="leads elsewhere"):
            await apply(editor, change(path, "a", "b"))
    with pytest.raises(EditRejected, match="leads elsewhere"):
        await apply(editor, create(project / "sub" / "new", "x"))
    assert (outside / "f").read_text() == "a"


async def test_a_link_stays_when_its_target_is_written(project: Path, editor: DiskEditor) -> None:
    lay_out(project, {"f": "a"})
    (project / "link").symlink_to("f")
    await apply(editor, change((project / "link").resolve(), "a", "b"))
    assert (project / "link").is_symlink()
    assert (project / "f").read_text() == "b"


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Writing past the limit fails as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


async def test_a_full_disk_leaves_nothing_half_written(project: Path, editor: DiskEditor) -> None:
    lay_out(project, {"a": "a", "b": "b"})
    with file_size_limit(10_000), pytest.raises(EditRejected, match="b cannot be written"):
        await apply(
            editor, change(project / "a", "a", "small"), change(project / "b", "b", "x" * 20_000)
        )
    assert (project / "a").read_text() == "a"
    assert (project / "b").read_text() == "b"
    assert leftovers(project) == []


async def test_reading_says_what_is_wrong(project: Path, editor: DiskEditor) -> None:
    lay_out(project, {"binary": b"\0\1", "folder/f": ""})
    with (project / "huge").open("wb") as huge:
        huge.truncate(FILE_BYTES_MAX + 1)
    os.mkfifo(project / "pipe")
    rows = {
        "missing": "does not exist",
        "binary/x": "does not exist",
        "binary": "is binary",
        "folder": "is a directory; use `list`",
        "huge": "is too large: 10 MB",
        "pipe": "a pipe",
    }
    for name, message in rows.items():
        with pytest.raises(ToolError, match=message) as caught:
            await editor.read(project / name)
        assert isinstance(caught.value, FileMissing) == ("does not exist" in message)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
async def test_unreadable_and_unwritable(project: Path, editor: DiskEditor) -> None:
    lay_out(project, {"f": "a", "sub/g": "a"})
    (project / "f").chmod(0)
    with pytest.raises(ToolError, match="may not be read"):
        await editor.read(project / "f")
    (project / "sub").chmod(0o555)
    with pytest.raises(EditRejected, match="Permission denied"):
        await apply(editor, change(project / "sub/g", "a", "b"))
    (project / "sub").chmod(0o755)


async def test_an_unsaved_buffer_is_the_truth(
    project: Path, editor: DiskEditor, documents: Documents
) -> None:
    path = lay_out(project, {"f": "disk"}) / "f"
    documents.open(path, "buffer")
    assert (await editor.read(path)).text == "buffer"
    with pytest.raises(EditRejected, match="unsaved changes"):
        await apply(editor, change(path, "buffer", "new"))
    documents.change(path, "disk")
    await apply(editor, change(path, "disk", "new"))
    assert (path.read_text(), dict(documents.buffers())) == ("new", {path: "new"})
    documents.close(path)
    assert (await editor.read(path)).text == "new"


async def test_a_buffer_opened_through_a_link_is_the_file_s(
    project: Path, documents: Documents
) -> None:
    path = lay_out(project, {"f": "disk"}) / "f"
    (project / "link").symlink_to("f")
    documents.open(project / "link", "buffer")
    assert (await documents.read(path)).text == "buffer"


async def test_questions_go_to_whoever_confirms(editor: DiskEditor) -> None:
    async def agree(question: Question) -> Answered | None:
        return Answered("once") if question.id == "1" else None

    question = Question("1", "shell", "run", "rm")
    assert await editor.confirm(question) is None
    assert await DiskEditor(Documents(), agree).confirm(question) == Answered("once")
    assert await editor.diagnostics(None) is None
