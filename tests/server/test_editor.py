"""LspEditor against a client that edits its own buffers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from lsp_server.domain.edits import EditSet, FileEdit, TextEdit, fingerprint, minimal_edit
from lsp_server.domain.errors import EditRejected, StaleEdit
from lsp_server.domain.permissions import Answered, Question
from lsp_server.server.capabilities import Capabilities
from lsp_server.server.client import Client
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.editor import LspEditor
from lsp_server.server.folders import Folders
from lsp_server.workspace.files.disk import FileMissing
from tests.fakes.lsp_client import edited, nothing, silent, unknown
from tests.fakes.peer import Peer

EDITOR = Capabilities(apply_edit=True, document_changes=True)
QUESTION = Question("q1", "shell", "run `make`", "make", rule="shell(make)")


class Desk:
    """A project folder, an editor with open buffers, and our Editor over both."""

    def __init__(
        self, root: Path, can: Capabilities = EDITOR, deadline_seconds: float = 5.0
    ) -> None:
        self.root = root
        self.peer = Peer({"workspace/applyEdit": self.apply})
        self.client = Client(self.peer.rpc, answer_seconds=deadline_seconds)
        self.client.can = can
        folders = Folders()
        self.open = OpenDocuments(self.client, folders)
        folder = folders.add(root.as_uri())
        assert folder is not None
        self.documents = folder.documents
        self.editor = LspEditor(self.client, self.open, folders, folder, deadline_seconds)

    def buffer(self, name: str, text: str) -> Path:
        """Opens a buffer; the file on disk stays what it is."""
        path = self.root / name
        item = types.TextDocumentItem(path.as_uri(), "x", 1, text)
        self.open.did_open(types.DidOpenTextDocumentParams(item))
        return path

    def type(self, path: Path, text: str) -> None:
        document = self.open.at(path)
        assert document is not None
        self.open.did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(document.version + 1, document.uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def text(self, path: Path) -> str:
        document = self.open.at(path)
        assert document is not None
        return document.text

    def apply(self, params: Any) -> Any:
        """What an editor does with `workspace/applyEdit`."""
        edit = params["edit"]
        for change in edit.get("documentChanges", []):
            if change.get("kind") == "delete":
                path = Path(change["uri"].removeprefix("file://"))
                path.unlink()
                continue
            document = self.open.get(change["textDocument"]["uri"])
            assert document is not None
            if document.version != change["textDocument"]["version"]:
                return {"applied": False, "failureReason": "version"}
            assert document.path is not None
            self.type(document.path, edited(document.text, change["edits"], "utf-16"))
        for uri, edits in edit.get("changes", {}).items():
            document = self.open.get(uri)
            assert document is not None
            assert document.path is not None
            self.type(document.path, edited(document.text, edits, "utf-16"))
        return {"applied": True}


def _whole(line: str) -> types.Range:
    return types.Range(types.Position(0, 0), types.Position(0, len(line)))


def change(path: Path, before: str, after: str) -> FileEdit:
    return FileEdit(path, fingerprint(before), minimal_edit(before, after))


async def refused(desk: Desk, *files: FileEdit) -> str:
    with pytest.raises(EditRejected) as rejection:
        await desk.editor.apply(EditSet(files, "because"))
    return str(rejection.value)


async def test_a_buffer_is_read_before_the_disk(project: Path) -> None:
    (project / "a").write_text("disk")
    desk = Desk(project)
    assert (await desk.editor.read(project / "a")).text == "disk"
    path = desk.buffer("a", "buffer")
    assert (await desk.editor.read(path)).text == "buffer"


@pytest.mark.parametrize("text", ["x = 1\r\ny = 2\r\n", "😀 a\n", "", "a\rb\n"])
async def test_an_open_buffer_is_edited_by_the_editor(project: Path, text: str) -> None:
    desk = Desk(project)
    path = desk.buffer("a", text)
    await desk.editor.apply(EditSet((change(path, text, text + "end"),), "because"))
    assert desk.text(path) == text + "end"
    assert not path.exists()
    sent = desk.peer.params("workspace/applyEdit")[0]
    assert sent["label"] == "Holdfast: because"
    assert sent["edit"]["documentChanges"][0]["textDocument"]["version"] == 1


async def test_annotations_and_metadata_go_where_they_are_declared(project: Path) -> None:
    can = Capabilities(
        apply_edit=True, document_changes=True, change_annotations=True, refactoring_metadata=True
    )
    desk = Desk(project, can)
    path = desk.buffer("a", "old")
    await desk.editor.apply(EditSet((change(path, "old", "new"),), "because"))
    sent = desk.peer.params("workspace/applyEdit")[0]
    assert sent["edit"]["changeAnnotations"] == {"holdfast": {"label": "because"}}
    assert sent["edit"]["documentChanges"][0]["edits"][0]["annotationId"] == "holdfast"
    assert sent["metadata"] == {"isRefactoring": True}


async def test_without_document_changes_plain_changes_are_sent(project: Path) -> None:
    desk = Desk(project, Capabilities(apply_edit=True))
    path = desk.buffer("a", "old")
    await desk.editor.apply(EditSet((change(path, "old", "new"),), ""))
    assert desk.text(path) == "new"


async def test_files_that_are_not_open_are_written_to_disk(project: Path) -> None:
    (project / "a").write_text("old")
    (project / "gone").write_text("gone")
    desk = Desk(project)
    await desk.editor.apply(
        EditSet(
            (
                change(project / "a", "old", "new"),
                FileEdit(project / "made/b", None, (TextEdit(0, 0, "made"),)),
                FileEdit(project / "gone", fingerprint("gone"), (), deletes=True),
            ),
            "",
        )
    )
    assert (project / "a").read_text() == "new"
    assert (project / "made/b").read_text() == "made"
    assert not (project / "gone").exists()
    assert desk.peer.sent == []


async def test_an_open_file_is_deleted_by_the_editor(project: Path) -> None:
    (project / "a").write_text("text")
    desk = Desk(project, Capabilities(apply_edit=True, document_changes=True, delete_files=True))
    path = desk.buffer("a", "text")
    await desk.editor.apply(EditSet((FileEdit(path, fingerprint("text"), (), deletes=True),), ""))
    assert not path.exists()


async def test_a_file_that_the_editor_deleted_and_keeps_open_can_be_made_anew(
    project: Path,
) -> None:
    (project / "a").write_text("text")
    desk = Desk(project, Capabilities(apply_edit=True, document_changes=True, delete_files=True))
    path = desk.buffer("a", "text")
    uri = path.as_uri()
    await desk.editor.apply(EditSet((FileEdit(path, fingerprint("text"), (), deletes=True),), ""))
    with pytest.raises(FileMissing):
        await desk.editor.read(path)
    await desk.editor.apply(EditSet((FileEdit(path, None, (TextEdit(0, 0, "anew"),)),), ""))
    assert (path.read_text(), (await desk.editor.read(path)).text) == ("anew", "anew")

    # The editor sees that its text is another one on the disk, and goes on with that.
    changed = types.VersionedTextDocumentIdentifier(2, uri)
    parts = [types.TextDocumentContentChangePartial(_whole("text"), "anew")]
    desk.open.did_change(types.DidChangeTextDocumentParams(changed, parts))
    await desk.editor.apply(EditSet((change(path, "anew", "newer"),), ""))
    assert (desk.text(path), path.read_text()) == ("newer", "anew"), "it is its buffer again"


async def test_a_buffer_that_moved_is_not_edited(project: Path) -> None:
    desk = Desk(project)
    path = desk.buffer("a", "old")
    desk.type(path, "typed")
    assert "changed since it was read" in await refused(desk, change(path, "old", "new"))
    assert desk.peer.sent == []


@pytest.mark.parametrize("seconds", [0.0, 0.02], ids=["told at once", "told after the refusal"])
async def test_typing_while_the_edit_is_on_its_way_wins(project: Path, seconds: float) -> None:
    desk = Desk(project)
    path = desk.buffer("a", "old")

    def typed(params: Any) -> Any:
        asyncio.get_running_loop().call_later(seconds, desk.type, path, "typed")
        return {"applied": False}

    desk.peer.answers["workspace/applyEdit"] = typed
    # Whoever still means it may read again.
    with pytest.raises(StaleEdit):
        await desk.editor.apply(EditSet((change(path, "old", "new"),), "because"))
    assert desk.text(path) == "typed"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda params: {"applied": False}, "did not apply"),
        (lambda params: {"applied": False, "failureReason": "busy"}, "busy"),
        (unknown, "refused"),
        (nothing, "refused"),
    ],
)
async def test_a_client_that_does_not_apply_rejects_the_edit(
    project: Path, answer: Any, reason: str
) -> None:
    desk = Desk(project)
    path = desk.buffer("a", "old")
    desk.peer.answers["workspace/applyEdit"] = answer
    assert reason in await refused(desk, change(path, "old", "new"))


@pytest.mark.parametrize("answer", [silent, lambda params: {"applied": True}])
async def test_a_client_that_only_promises_rejects_the_edit(project: Path, answer: Any) -> None:
    desk = Desk(project, deadline_seconds=0.01)
    path = desk.buffer("a", "old")
    desk.peer.answers["workspace/applyEdit"] = answer
    assert "read it again" in await refused(desk, change(path, "old", "new"))


async def test_a_change_that_comes_after_the_answer_is_waited_for(project: Path) -> None:
    desk = Desk(project)
    path = desk.buffer("a", "old")

    def apply_later(params: Any) -> Any:
        asyncio.get_running_loop().call_later(0.02, desk.type, path, "new")
        return {"applied": True}

    desk.peer.answers["workspace/applyEdit"] = apply_later
    await desk.editor.apply(EditSet((change(path, "old", "new"),), ""))
    assert desk.text(path) == "new"


async def test_when_the_disk_refuses_the_buffers_are_changed_back(project: Path) -> None:
    (project / "b").write_text("other than read")
    desk = Desk(project)
    path = desk.buffer("a", "one\r\ntwo\r\n")
    reason = await refused(
        desk,
        change(path, "one\r\ntwo\r\n", "one\r\n2\r\n"),
        change(project / "b", "read", "new"),
    )
    assert "b changed since it was read" in reason
    assert desk.text(path) == "one\r\ntwo\r\n"
    assert (project / "b").read_text() == "other than read"


async def test_without_apply_edit_a_saved_buffer_is_written_below(project: Path) -> None:
    (project / "a").write_text("old")
    desk = Desk(project, Capabilities())
    path = desk.buffer("a", "old")
    await desk.editor.apply(EditSet((change(path, "old", "new"),), ""))
    assert path.read_text() == "new"
    assert (await desk.editor.read(path)).text == "new"


async def test_without_apply_edit_an_unsaved_buffer_is_left_alone(project: Path) -> None:
    (project / "a").write_text("old")
    desk = Desk(project, Capabilities())
    path = desk.buffer("a", "typed")
    assert "unsaved" in await refused(desk, change(path, "typed", "new"))
    assert path.read_text() == "old"


async def test_a_new_file_does_not_replace_an_unsaved_one(project: Path) -> None:
    desk = Desk(project)
    path = desk.buffer("new", "a person's")
    assert "open in the editor" in await refused(desk, FileEdit(path, None, (TextEdit(0, 0, "x"),)))


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ({"title": "Approve once"}, "once"),
        ({"title": "Always"}, "always"),
        ({"title": "Deny"}, "deny"),
        ({"title": ""}, None),
        ({"title": "Maybe"}, None),
        (None, None),
    ],
)
async def test_a_person_is_asked_by_title(project: Path, reply: Any, answer: str | None) -> None:
    desk = Desk(project)
    desk.peer.answers["window/showMessageRequest"] = lambda params: reply
    given = await desk.editor.confirm(QUESTION)
    assert (given and given.answer) == answer
    asked = desk.peer.params("window/showMessageRequest")[0]
    assert [action["title"] for action in asked["actions"]] == ["Approve once", "Always", "Deny"]
    assert "make" in asked["message"]


EDIT = Question("q", "edit", "edit a", "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n", path="a")
READ = Question("q", "read", "read ../a", "read /elsewhere/a", path="../a")
SCRIPT = Question("q", "shell", "run `make…`", "make\nmake install")


@pytest.mark.parametrize(
    ("question", "shows", "says"),
    [
        (QUESTION, False, "Holdfast: run `make`\n(always, in this project: shell(make))"),
        (EDIT, False, f"Holdfast: edit a\n{EDIT.detail}"),
        (EDIT, True, "Holdfast: edit a"),
        # One line says where exactly, and a command is never cut.
        (READ, True, "Holdfast: read ../a\nread /elsewhere/a"),
        (SCRIPT, True, "Holdfast: run `make…`\nmake\nmake install"),
    ],
)
async def test_a_question_says_what_is_not_seen_elsewhere(
    project: Path, question: Question, shows: bool, says: str
) -> None:
    desk = Desk(project, Capabilities(questions=shows))
    desk.peer.answers["window/showMessageRequest"] = lambda params: {"title": "Deny"}
    await desk.editor.confirm(question)
    assert desk.peer.params("window/showMessageRequest")[0]["message"] == says


async def test_always_is_offered_only_with_a_rule(project: Path) -> None:
    desk = Desk(project)
    desk.peer.answers["window/showMessageRequest"] = lambda params: {"title": "Always"}
    question = Question("q", "shell", "run", "x")
    assert await desk.editor.confirm(question) is None


async def test_a_client_that_cannot_ask_is_told_and_not_asked_again(project: Path) -> None:
    desk = Desk(project)
    desk.peer.answers["window/showMessageRequest"] = unknown
    assert await desk.editor.confirm(QUESTION) is None
    assert await desk.editor.confirm(QUESTION) is None
    assert desk.peer.methods() == [
        "window/showMessageRequest",
        "window/showMessage",
        "window/showMessage",
    ]


async def test_one_question_is_open_at_a_time_and_cancelling_makes_room(project: Path) -> None:
    desk = Desk(project)
    desk.peer.answers["window/showMessageRequest"] = silent
    first = asyncio.create_task(desk.editor.confirm(QUESTION))
    second = asyncio.create_task(desk.editor.confirm(QUESTION))
    for _ in range(5):
        await asyncio.sleep(0)
    assert desk.peer.methods() == ["window/showMessageRequest"]
    desk.peer.answers["window/showMessageRequest"] = lambda params: {"title": "Deny"}
    first.cancel()
    assert await second == Answered("deny")
    assert first.cancelled()


async def test_diagnostics_are_unknown_until_the_editor_tells_some(project: Path) -> None:
    desk = Desk(project)
    path = desk.buffer("a", "text")
    assert await desk.editor.diagnostics(path) is None
    document = desk.open.at(path)
    assert document is not None
    place = types.Range(types.Position(2, 0), types.Position(2, 1))
    document.seen = (types.Diagnostic(place, "bad", types.DiagnosticSeverity.Warning, source="l"),)
    for where in (path, None):
        found = await desk.editor.diagnostics(where)
        assert found is not None
        assert [(f.path, f.line, f.severity, f.message, f.source) for f in found] == [
            ("a", 3, "warning", "bad", "l")
        ]
    desk.type(path, "other")
    assert await desk.editor.diagnostics(path) is None


@pytest.mark.parametrize(
    ("reply", "lines"),
    [
        ([3], [4]),
        ([], []),
        (None, None),
    ],
)
async def test_declared_diagnostics_are_asked_for(
    project: Path, reply: list[int] | None, lines: list[int] | None
) -> None:
    desk = Desk(project, Capabilities(diagnostics=True))

    def answer(params: Any) -> Any:
        if reply is None:
            return "no object"
        found = [
            {
                "range": {
                    "start": {"line": line, "character": 0},
                    "end": {"line": line, "character": 1},
                },
                "message": "bad",
            }
            for line in reply
        ]
        ours = [{**item, "source": "holdfast"} for item in found]
        return {"items": [{"uri": (project / "a").as_uri(), "diagnostics": [*found, *ours]}]}

    desk.peer.answers["holdfast/diagnostics"] = answer
    found = await desk.editor.diagnostics(project / "a")
    assert (None if found is None else [finding.line for finding in found]) == lines


@pytest.mark.parametrize(
    ("can", "answer", "on_disk"),
    [
        pytest.param(replace(EDITOR, save=True), "saves", "b", id="the editor saves"),
        pytest.param(replace(EDITOR, save=True), "fails", "b", id="the editor cannot"),
        pytest.param(replace(EDITOR, save=True), "formats", "b;", id="it changes what it saves"),
        pytest.param(EDITOR, "unasked", "b", id="the editor cannot be asked"),
    ],
)
async def test_what_a_run_wrote_into_a_buffer_is_saved_by_the_editor(
    project: Path, can: Capabilities, answer: str, on_disk: str
) -> None:
    desk = Desk(project, can)
    path = project / "a.txt"
    path.write_text("a")
    desk.buffer("a.txt", "a")
    found: list[str] = []

    def save(params: Any) -> Any:
        (asked,) = params["documents"]
        document = desk.open.at(path)
        assert document is not None
        assert asked == {"uri": path.as_uri(), "version": document.version}
        found.append(path.read_text())
        if answer == "formats":
            desk.type(path, "b;")
        if answer != "fails":
            path.write_text(desk.text(path))

    desk.peer.answers["holdfast/save"] = save
    await desk.editor.apply(EditSet((change(path, "a", "b"),), "because"))
    await desk.documents.save_drafts()
    assert path.read_text() == on_disk
    assert found == ([] if answer == "unasked" else ["a"]), "nothing is written beneath the buffer"
    assert await desk.documents.unsaved() == []


async def test_what_a_person_typed_meanwhile_is_not_saved_by_the_editor(project: Path) -> None:
    desk = Desk(project, replace(EDITOR, save=True))
    path = project / "a.txt"
    path.write_text("a")
    desk.buffer("a.txt", "a")
    await desk.editor.apply(EditSet((change(path, "a", "b"),), "because"))
    desk.type(path, "bc")
    await desk.documents.save_drafts()
    assert "holdfast/save" not in desk.peer.methods()
    assert path.read_text() == "a"


@pytest.mark.parametrize(
    "can", [Capabilities(modal_prompts=True), Capabilities(waiting_questions=True)]
)
async def test_a_prompt_that_typing_could_answer_is_never_sent(
    project: Path, can: Capabilities
) -> None:
    desk = Desk(project, can)
    assert await desk.editor.confirm(QUESTION) is None
    assert await desk.client.choose("Trust it?", ["Trust", "Refuse"]) is None
    assert "window/showMessageRequest" not in desk.peer.methods()
    # The one is told where else to answer, the other shows what waits by itself.
    assert desk.peer.methods() == (["window/showMessage"] if can.modal_prompts else [])
