"""Open buffers over the disk, and what a run leaves in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.workspace.files.documents import Documents


async def test_an_unsaved_buffer_is_the_truth_until_it_is_closed(project: Path) -> None:
    documents, path = Documents(), project / "a.txt"
    path.write_text("disk\n")
    documents.open(path, "buffer\n")
    assert (await documents.read(path)).text == "buffer\n"
    documents.close(path)
    assert (await documents.read(path)).text == "disk\n"


async def test_what_a_run_wrote_into_a_saved_buffer_reaches_the_disk(project: Path) -> None:
    documents, path = Documents(), project / "a.txt"
    path.write_bytes("café\r\n".encode("latin-1"))
    documents.open(path, "café\r\n")
    for before, after in (("café\r\n", "cafés\r\n"), ("cafés\r\n", "two cafés\r\n")):
        documents.change(path, after)
        await documents.add_draft(path, before, after)
    assert await documents.unsaved() == [path]
    await documents.save_drafts()
    assert path.read_bytes() == "two cafés\r\n".encode("latin-1")
    assert await documents.unsaved() == []


@pytest.mark.parametrize("typed", ["before", "after", "disk"])
async def test_what_a_person_typed_is_never_saved_for_them(project: Path, typed: str) -> None:
    documents, path = Documents(), project / "a.txt"
    path.write_text("saved\n")
    before = "typed\nsaved\n" if typed == "before" else "saved\n"
    documents.open(path, before)
    documents.change(path, before + "ours\n")
    await documents.add_draft(path, before, before + "ours\n")
    if typed == "after":
        documents.change(path, before + "ours\ntyped\n")
    if typed == "disk":
        path.write_text("changed by somebody else\n")
    on_disk = path.read_text()
    await documents.save_drafts()
    assert path.read_text() == on_disk
    assert await documents.unsaved() == [path]
