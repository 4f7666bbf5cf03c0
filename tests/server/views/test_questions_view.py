from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lsp_server.domain.permissions import Question
from lsp_server.domain.tasks import RunId
from lsp_server.server.capabilities import Capabilities
from lsp_server.server.client import Client
from lsp_server.server.folders import Folders
from lsp_server.server.views.questions_view import (
    AFTER_REPLY_SECONDS,
    DETAIL_CHARS_MAX,
    QuestionsView,
)
from tests.fakes.peer import Peer
from tests.harness.workshop import finish, workshop

DIFF = "--- a\n+++ b\n"
SHELL = Question("q1", "shell", "run `make`", "make", rule="shell(make)")
EDIT = Question("q2", "edit", "edit a.py", DIFF, path="a.py", run_rule="edit")


async def shown(view: QuestionsView) -> None:
    """Updates the view and waits until it has sent what it wants to."""
    view.update()
    await asyncio.sleep(AFTER_REPLY_SECONDS * 2)


@pytest.mark.parametrize("declared", [True, False])
async def test_all_that_waits_is_sent_whole_and_only_to_clients_that_show_it(
    project: Path, declared: bool
) -> None:
    peer = Peer()
    client = Client(peer.rpc)
    client.can = Capabilities(waiting_questions=declared)
    folders = Folders()
    folder = folders.add(project.as_uri())
    assert folder is not None
    async with workshop(project, [finish()], answer=lambda _: None) as shop:
        folder.session = shop.session
        view = QuestionsView(client, folders)
        permissions = shop.session.permissions
        await shown(view)
        assert not peer.sent, "nothing waits"
        asked = [
            asyncio.create_task(permissions.ask(RunId("r1"), each, lambda _: None, 60.0))
            for each in (SHELL, EDIT)
        ]
        await asyncio.sleep(0)
        await shown(view)
        await shown(view)
        permissions.answer("q1", "once")
        await asked[0]
        await shown(view)
        permissions.answer("q2", "deny")
        await asked[1]
        await shown(view)
    sent = [message["params"]["questions"] for message in peer.sent]
    assert [[each["id"] for each in questions] for questions in sent] == (
        [["q1", "q2"], ["q2"], []] if declared else []
    )
    if declared:
        run_make, edit = sent[0]
        assert run_make["language"] == ""
        assert run_make["detail"] == "make"
        assert [each["title"] for each in run_make["choices"]] == [
            "Approve once",
            "Always (shell(make))",
            "Deny",
        ]
        assert (edit["language"], edit["detail"]) == ("diff", DIFF)
        assert edit["uri"] == (project / "a.py").as_uri()


async def test_what_is_asked_hides_nothing_and_is_bounded(project: Path) -> None:
    peer = Peer()
    client = Client(peer.rpc)
    client.can = Capabilities(waiting_questions=True)
    folders = Folders()
    folder = folders.add(project.as_uri())
    assert folder is not None
    command = "ls \u202e" + "x" * 2 * DETAIL_CHARS_MAX + "; rm -r kept"
    async with workshop(project, [finish()], answer=lambda _: None) as shop:
        folder.session = shop.session
        question = Question("q1", "shell", "run `ls\u202e`", command)
        asked = asyncio.create_task(
            shop.session.permissions.ask(RunId("r1"), question, lambda _: None, 60.0)
        )
        await asyncio.sleep(0)
        await shown(QuestionsView(client, folders))
        shop.session.permissions.answer("q1", "deny")
        await asked
    (asked_of,) = peer.sent[0]["params"]["questions"]
    assert asked_of["title"] == "run `ls\\u202e`"
    assert asked_of["detail"].startswith("ls \\u202e")
    assert asked_of["detail"].endswith("; rm -r kept")
    assert len(asked_of["detail"]) < DETAIL_CHARS_MAX + 100
