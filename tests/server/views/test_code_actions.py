"""What is offered where, over a session that has just a run and a question."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from lsprotocol import types

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import CandidatesJudged
from lsp_server.domain.goals import GOALS_FILE
from lsp_server.domain.messages import Usage
from lsp_server.domain.permissions import Question
from lsp_server.domain.tasks import RunId
from lsp_server.goals.goals_document import GoalsDocument, parse_goals
from lsp_server.server.capabilities import Capabilities
from lsp_server.server.client import Client
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.folders import Folders
from lsp_server.server.views.code_actions import CodeActions
from lsp_server.server.views.code_lenses import CodeLenses
from lsp_server.session.memory.changed_lines import ChangedLines
from lsp_server.session.permissions import PendingQuestion
from lsp_server.session.proposals import Proposal
from lsp_server.session.run_summary import RunSummary
from lsp_server.session.session import Session
from tests.fakes.peer import Peer

RUN = RunSummary(RunId("r1"), "A long task", "running", 1, "2026-01-01", Usage(), 0.0, "")
QUESTION = Question("q1", "shell", "run `make`", "make", rule="shell(make)")
GROUPS = (
    CandidateGroup("edit a", "", (), 1),
    CandidateGroup("edit b", "", (), 2),
    CandidateGroup("edit c", "", (), 1, problem="it does not apply"),
)
PROPOSAL = Proposal(RunId("r2"), CandidatesJudged(GROUPS, 1, "judge", "it is best", 4, (), Usage()))


@dataclass
class QuietSession:
    """As much of a Session as is looked at here."""

    questions: tuple[Question, ...] = ()
    summaries: tuple[RunSummary, ...] = ()
    newest: Proposal | None = None
    permissions: Any = field(init=False)
    runs: Any = field(init=False)
    proposals: Any = field(init=False)
    goals: Any = field(init=False)
    memory: Any = field(init=False)
    skills: Any = field(init=False)
    workflows: Any = field(init=False)
    evolution: Any = field(init=False)
    review: Any = field(init=False)
    inbox: Any = field(init=False)
    file: Any = field(init=False)
    path: Path = Path("/no-inbox.md")
    seen: tuple[Any, ...] = ()
    problems: tuple[Any, ...] = ()
    changed_lines: ChangedLines = field(default_factory=ChangedLines)

    def __post_init__(self) -> None:
        self.permissions = self.runs = self.proposals = self.goals = self.memory = self
        self.skills = self.workflows = self.evolution = self.inbox = self.file = self.review = self

    def at(self, *place: object) -> tuple[Any, ...]:
        """No run changed anything."""
        return ()

    def conditions(self) -> tuple[Any, ...]:
        return ()

    @property
    def statuses(self) -> QuietSession:
        return self

    def document(self) -> GoalsDocument:
        return parse_goals("")

    def text_changed(self, path: Path) -> None:
        """Nothing is wanted here."""

    def pending(self) -> tuple[PendingQuestion, ...]:
        return tuple(PendingQuestion(question, RUN.run_id, "") for question in self.questions)

    def active(self) -> tuple[RunSummary, ...]:
        return self.summaries


class Desk:
    def __init__(self, project: Path, session: QuietSession, can: Capabilities) -> None:
        client = Client(Peer().rpc)
        client.can = can
        folders = Folders()
        folder = folders.add(project.as_uri())
        assert folder is not None
        folder.session = cast("Session", session)
        self.open = OpenDocuments(client, folders)
        self.actions = CodeActions(client, folders, self.open)
        self.lenses = CodeLenses(folders)

    def offered(
        self,
        path: Path | str,
        *,
        selected: bool = False,
        diagnostics: list[types.Diagnostic] | None = None,
        only: list[str] | None = None,
    ) -> list[types.CodeAction]:
        uri = path if isinstance(path, str) else path.as_uri()
        return self.actions.offer(
            types.CodeActionParams(
                types.TextDocumentIdentifier(uri),
                types.Range(types.Position(0, 0), types.Position(0, 3 if selected else 0)),
                types.CodeActionContext(diagnostics or [], only=only),
            )
        )


def diagnostic(message: str, source: str = "lint", **more: Any) -> types.Diagnostic:
    place = types.Range(types.Position(0, 0), types.Position(0, 1))
    return types.Diagnostic(place, message, source=source, **more)


@pytest.mark.parametrize(
    ("session", "selected", "titles"),
    [
        (QuietSession(), False, []),
        (
            QuietSession(),
            True,
            [
                "Holdfast: Work on this…",
                "Holdfast: Work on this with Max Mode…",
                "Holdfast: Propose several changes and compare",
                "Holdfast: Use as goal",
                "Holdfast: Explain this",
            ],
        ),
        (
            QuietSession(newest=PROPOSAL),
            False,
            ["Holdfast: Accept 2 (recommended): edit b", "Holdfast: Accept 1: edit a"],
        ),
        (
            QuietSession(summaries=(RUN,)),
            False,
            [
                "Holdfast: Stop “A long task”",
                "Holdfast: Switch Max Mode on for “A long task”",
                "Holdfast: Show transcript of “A long task”",
            ],
        ),
        (
            QuietSession(questions=(QUESTION,)),
            False,
            [
                "Holdfast: Approve once: run `make`",
                "Holdfast: Always (shell(make))",
                "Holdfast: Deny: run `make`",
            ],
        ),
        (
            QuietSession(
                questions=(
                    Question(
                        *("q", "shell", "run `make`", "make"),
                        rule="shell(make)",
                        run_rule="shell(make)",
                        general=True,
                        offers_sandbox=True,
                    ),
                )
            ),
            False,
            [
                "Holdfast: Approve once: run `make`",
                "Holdfast: For this run (shell(make))",
                "Holdfast: Always (shell(make))",
                "Holdfast: Always, in all projects (shell(make))",
                "Holdfast: Go on in the sandbox, without asking",
                "Holdfast: Deny: run `make`",
            ],
        ),
        (
            QuietSession(questions=(Question("q", "write", "write x", "…"),)),
            False,
            ["Holdfast: Approve once: write x", "Holdfast: Deny: write x"],
        ),
    ],
)
async def test_what_fits_is_offered(
    project: Path, session: QuietSession, selected: bool, titles: list[str]
) -> None:
    desk = Desk(project, session, Capabilities())
    assert [a.title for a in desk.offered(project / "a.py", selected=selected)] == titles


@pytest.mark.parametrize(("quick_fixes", "kind"), [(True, "quickfix"), (False, "refactor.rewrite")])
async def test_nothing_that_acts_is_run_by_fix_all(
    project: Path, quick_fixes: bool, kind: str
) -> None:
    session = QuietSession((QUESTION,), (RUN,))
    desk = Desk(project, session, Capabilities(quick_fixes=quick_fixes))
    waiting = diagnostic(
        "waits", "holdfast", code="permission-pending", data={"id": "q1", "runId": "r1"}
    )
    offered = desk.offered(project / "a.py", diagnostics=[diagnostic("bad"), waiting])
    kinds = {action.title.split(":")[0]: action.kind for action in offered}
    assert kinds["Fix with Holdfast"] == kind
    assert offered[0].kind == kind
    assert offered[0].diagnostics == [waiting]
    assert not any(action.is_preferred for action in offered)


async def test_a_client_that_runs_every_fix_is_offered_none_for_a_diagnostic(
    project: Path,
) -> None:
    session = QuietSession((QUESTION,), (RUN,))
    desk = Desk(project, session, Capabilities(runs_all_fixes=True))
    assert desk.offered(project / "a.py", diagnostics=[diagnostic("bad")]) == []
    assert "Approve once" in desk.offered(project / "a.py")[0].title


async def test_a_fix_carries_the_diagnostic(project: Path) -> None:
    desk = Desk(project, QuietSession(), Capabilities())
    bad = diagnostic("bad", severity=types.DiagnosticSeverity.Warning)
    action, in_max_mode = desk.offered(project / "a.py", diagnostics=[bad])
    assert in_max_mode.command is not None
    assert cast("Any", in_max_mode.command.arguments)[0]["maxMode"] is True
    assert action.command is not None
    assert action.command.command == "holdfast.run.start"
    assert action.command.arguments is not None
    (arguments,) = action.command.arguments
    assert cast("Any", arguments)["diagnostics"][0]["message"] == "bad"
    assert cast("Any", arguments)["diagnostics"][0]["severity"] == 2


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (None, {"refactor.rewrite", "holdfast"}),
        ([""], {"refactor.rewrite", "holdfast"}),
        (["refactor"], {"refactor.rewrite"}),
        (["refactor.rewrite"], {"refactor.rewrite"}),
        (["refactor.re"], set()),
        (["holdfast"], {"holdfast"}),
        (["source.fixAll"], set()),
        (["quickfix"], set()),
    ],
)
async def test_only_the_kinds_that_were_asked_for_come(
    project: Path, only: list[str] | None, kinds: set[str]
) -> None:
    desk = Desk(project, QuietSession(summaries=(RUN,)), Capabilities())
    offered = desk.offered(project / "a.py", selected=True, only=only)
    assert {str(getattr(action.kind, "value", action.kind)) for action in offered} == kinds


@pytest.mark.parametrize("uri", ["untitled:1", "vscode-remote://x/y", "file:///etc/passwd"])
async def test_nothing_is_offered_outside_of_the_folders(project: Path, uri: str) -> None:
    desk = Desk(project, QuietSession((QUESTION,), (RUN,)), Capabilities())
    assert desk.offered(uri, selected=True) == []


async def test_diagnostics_of_others_are_remembered_until_the_text_changes(project: Path) -> None:
    desk = Desk(project, QuietSession(), Capabilities())
    uri = (project / "a.py").as_uri()
    item = types.TextDocumentItem(uri, "x", 1, "text")
    desk.open.did_open(types.DidOpenTextDocumentParams(item))
    document = desk.open.get(uri)
    assert document is not None
    desk.offered(uri, diagnostics=[diagnostic("one"), diagnostic("ours", "holdfast")])
    desk.offered(uri, diagnostics=[diagnostic("one"), diagnostic("two")])
    assert document.seen is not None
    assert [seen.message for seen in document.seen] == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "session", "count"),
    [
        (GOALS_FILE, QuietSession((QUESTION,), (RUN,)), 6),
        (GOALS_FILE, QuietSession(), 0),
        ("a.py", QuietSession((QUESTION,), (RUN,)), 0),
    ],
)
async def test_lenses_stand_on_the_goals_file_and_are_actions_too(
    project: Path, name: str, session: QuietSession, count: int
) -> None:
    desk = Desk(project, session, Capabilities())
    path = project / name
    lenses = desk.lenses.offer(types.CodeLensParams(types.TextDocumentIdentifier(path.as_uri())))
    assert len(lenses) == count
    offered = {action.title for action in desk.offered(path)}
    assert {lens.command.title for lens in lenses if lens.command} <= offered
