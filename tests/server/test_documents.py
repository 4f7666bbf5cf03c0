from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from lsp_server.domain.edits import Lines
from lsp_server.domain.errors import ToolError
from lsp_server.server.client import Client
from lsp_server.server.documents import LATE_CHARS_MAX, LATE_MAX, OpenDocument, OpenDocuments
from lsp_server.server.folders import Folders
from tests.fakes.peer import Peer

BEGUN = "def answer():\n    return 41  # 🙂\n"


class Desk:
    def __init__(self) -> None:
        self.folders = Folders()
        self.open = OpenDocuments(Client(Peer().rpc), self.folders)

    def did_open(self, uri: str, text: str) -> None:
        self.open.did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "x", 1, text))
        )

    def did_change(self, uri: str, text: str, version: int = 2) -> None:
        self.open.did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def did_close(self, uri: str) -> None:
        identifier = types.TextDocumentIdentifier(uri)
        self.open.did_close(types.DidCloseTextDocumentParams(identifier))


async def test_buffers_reach_the_session_of_their_folder(project: Path) -> None:
    desk = Desk()
    folder = desk.folders.add(project.as_uri())
    assert folder is not None
    uri = (project / "a%20b c.py").as_uri()
    desk.did_open(uri, "1")
    assert dict(folder.documents.buffers()) == {project / "a%20b c.py": "1"}
    desk.did_change(uri, "2")
    assert dict(folder.documents.buffers()) == {project / "a%20b c.py": "2"}
    desk.did_close(uri)
    assert dict(folder.documents.buffers()) == {}
    assert desk.open.get(uri) is None


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "vscode-remote://ssh/a", "file:///etc/x"])
async def test_other_documents_are_followed_and_belong_to_no_session(
    project: Path, uri: str
) -> None:
    desk = Desk()
    folder = desk.folders.add(project.as_uri())
    assert folder is not None
    desk.did_open(uri, "1")
    desk.did_change(uri, "2")
    assert dict(folder.documents.buffers()) == {}
    desk.did_close(uri)


async def test_a_folder_that_comes_later_gets_what_is_open(project: Path) -> None:
    desk = Desk()
    desk.did_open((project / "a").as_uri(), "1")
    folder = desk.folders.add(project.as_uri())
    assert folder is not None
    desk.open.adopt(folder)
    assert dict(folder.documents.buffers()) == {project / "a": "1"}


async def test_a_change_of_what_is_not_open_is_ignored(project: Path) -> None:
    desk = Desk()
    desk.did_change((project / "a").as_uri(), "2")
    desk.did_close((project / "a").as_uri())


async def test_waiting_for_a_change_ends_with_it_with_closing_and_with_time(project: Path) -> None:
    desk = Desk()
    uri = (project / "a").as_uri()
    desk.did_open(uri, "1")
    document = desk.open.get(uri)
    assert document is not None
    with pytest.raises(TimeoutError):
        await desk.open.wait_for_change(document, 1, 0.01)
    desk.did_change(uri, "2")
    await desk.open.wait_for_change(document, 1, 0.01)
    desk.did_close(uri)
    await desk.open.wait_for_change(document, 99, 0.01)


EDITS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 5), st.text("ab\n🙂", max_size=4)),
    min_size=1,
    max_size=12,
)


@given(EDITS, st.randoms(use_true_random=False))
def test_changes_that_come_in_any_order_end_up_as_they_were_made(
    edits: list[tuple[int, int, str]], chance: Random
) -> None:
    text, changes = BEGUN, []
    for version, (at, length, inserted) in enumerate(edits, start=2):
        start, end = min(at, len(text)), min(at + length, len(text))
        span = types.Range(*(position(text, place) for place in (start, end)))
        changes.append((version, types.TextDocumentContentChangePartial(span, inserted)))
        text = text[:start] + inserted + text[end:]
    document = OpenDocument("file:///x", None, 1, BEGUN)
    chance.shuffle(changes)
    for version, change in changes:
        document.change(version, [change], "utf-32")
    assert (document.text, document.version) == (text, len(edits) + 1)


def test_what_is_kept_of_a_buffer_for_late_changes_is_bounded() -> None:
    document = OpenDocument("file:///x", None, 1, "")
    whole = types.TextDocumentContentChangeWholeDocument("x" * (LATE_CHARS_MAX // 2))
    for version in range(2, 100):
        document.change(version, [whole], "utf-16")
    kept = [each.before for each in document._recent]
    assert 1 <= len(kept) <= LATE_MAX
    assert sum(map(len, kept)) <= LATE_CHARS_MAX


def position(text: str, offset: int) -> types.Position:
    place = Lines(text).position(offset)
    return types.Position(place.line, place.column)


async def test_a_buffer_whose_change_was_not_understood_is_not_read_until_it_is_known_again(
    project: Path,
) -> None:
    desk = Desk()
    folder = desk.folders.add(project.as_uri())
    assert folder is not None
    path = project / "a.py"
    path.write_text("1")
    desk.did_open(path.as_uri(), "1")

    def type_in(version: int) -> None:
        place = types.Range(types.Position(0, 0), types.Position(0, 0))
        part = types.TextDocumentContentChangePartial(place, "x")
        identifier = types.VersionedTextDocumentIdentifier(version, path.as_uri())
        desk.open.did_change(types.DidChangeTextDocumentParams(identifier, [part]))

    heals: tuple[Callable[[], None], ...] = (
        lambda: desk.did_change(path.as_uri(), "2", 9),
        lambda: desk.did_open(path.as_uri(), "2"),
    )
    for heal in heals:
        desk.open.lose(path.as_uri())
        type_in(3)
        with pytest.raises(ToolError, match="could not be understood"):
            await folder.documents.read(path)
        assert await folder.documents.unsaved() == [path]
        heal()
        assert (await folder.documents.read(path)).text == "2"
    desk.open.lose(path.as_uri())
    desk.did_close(path.as_uri())
    assert (await folder.documents.read(path)).text == "1"
