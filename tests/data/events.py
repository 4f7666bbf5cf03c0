"""An Event of each kind, for tests that show all of them."""

from __future__ import annotations

from lsp_server.domain.attempt_events import AttemptEnded, AttemptsJudged, AttemptStarted
from lsp_server.domain.background_events import BackgroundEnded, BackgroundStarted
from lsp_server.domain.candidates import CandidateGroup, Scores
from lsp_server.domain.child_events import ChildChange, ChildEnded, ChildStarted
from lsp_server.domain.events import (
    BriefWritten,
    CandidateAccepted,
    CandidatesJudged,
    CyclePacked,
    CycleStarted,
    Event,
    FileChanged,
    FileRestored,
    GoalChecked,
    JudgeFellBack,
    ModeChanged,
    ModelAnswered,
    ModelWaited,
    PlanChanged,
    RunEnded,
    RunResumed,
    RunStarted,
    SamplingChanged,
    SnapshotTaken,
    StepFinished,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.goals import Condition, ConditionReport, Evidence, Goal, GoalReport
from lsp_server.domain.message_events import MessageReceived, MessageRefused
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.permission_events import (
    PermissionAnswered,
    PermissionAsked,
    PermissionsChanged,
)
from lsp_server.domain.permissions import Question
from lsp_server.domain.plans import PlanItem
from lsp_server.domain.prompt_sections import PromptSection
from lsp_server.domain.rewind_events import Forked, Rewound
from lsp_server.domain.tasks import Achieved, RunId, Sampling, Task
from lsp_server.domain.tools import ToolCall, ToolResult
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.domain.workflows import NodeStatus

USAGE = Usage(1000, 500, 20)
CONDITION = Condition("c1", "the tests pass")
OTHER = Condition("c2", "it is fast")
GOAL = Goal("g1", "Retry on 429", (CONDITION, OTHER))
EVIDENCE = Evidence(
    "e1", "pytest -q", True, "", 2.1, "tree", "2026-01-01", 0, ending="exit status 0"
)
REPORT = GoalReport(
    GOAL,
    (
        ConditionReport(CONDITION, "met", evidence=(EVIDENCE,)),
        ConditionReport(OTHER, "unmet", missing="a measurement"),
    ),
    "tree",
)
GROUPS = (
    CandidateGroup("edit a.py", "", (), 1),
    CandidateGroup("edit b.py", "", (), 2, scores=Scores(8, 9, 7, 7)),
)
QUESTION = Question("q1", "shell", "run `make`", "make all", rule="shell(make)")

ONE_OF_EACH: tuple[Event, ...] = (
    RunStarted(RunId("r1"), Task("Fix the parser.\nAll of it."), "/project", "m at http://x"),
    RunResumed("a command was interrupted", "a model at http://127.0.0.1:1"),
    CycleStarted(2, "the prompt is full", "system", "opening"),
    BriefWritten("I go on with the tests.", USAGE, USAGE, 0.0),
    CyclePacked(2, 9000, (PromptSection("task", "t", 100),), (PromptSection("fact", "f", 9),)),
    StepStarted(3, 1200),
    Streamed(3, "text", "I lo"),
    ModelWaited("cannot be reached", 2, 5.0),
    CandidatesJudged(GROUPS, 1, "judge", "it is best", 4, (), USAGE, 0.25),
    CandidateAccepted(1),
    SamplingChanged(Sampling(max_mode=True, samples=3)),
    ModeChanged("build"),
    AttemptStarted(2, RunId("r1.2"), "Look for the smallest change.", 0.7),
    AttemptEnded(
        2,
        RunId("r1.2"),
        Achieved("it is done", REPORT),
        (FileChanged("a.py", "0" * 64, "1" * 64),),
        REPORT,
        steps=4,
        usage=USAGE,
        billed=USAGE,
        cost_usd=0.01,
        seconds=12.5,
    ),
    AttemptsJudged(USAGE, 0.002),
    JudgeFellBack("largest group", "no answer"),
    ModelAnswered(3, Message("assistant", "I look.\nThen I edit."), "stop", USAGE, USAGE, 0.0),
    ToolCalled(3, ToolCall("t1", "shell", "{}"), "$ pytest -q"),
    ToolReturned(
        3, "t1", "shell", ToolResult("exit status 0\n4 passed", ending="exit status 0"), 0.25
    ),
    BackgroundStarted("bg1", "npm run dev"),
    BackgroundEnded("bg1", "npm run dev", "exit status 1", 1, "EADDRINUSE", "itself"),
    FileChanged("a.py", "before", "after"),
    SnapshotTaken("s1"),
    PermissionAsked(QUESTION, "2026-01-01T00:10:00Z"),
    PermissionAnswered("q1", "once", "person"),
    PermissionsChanged("auto-edit", "edit(src/**)"),
    PlanChanged((PlanItem("look", "done"), PlanItem("edit", "in_progress"))),
    MessageReceived("Use tabs.", "steer"),
    MessageRefused("the password is x", "no passwords"),
    Told("Use tabs.\nEverywhere.", "person"),
    Warned("the disk is nearly full"),
    GoalChecked(REPORT),
    StepFinished(3, USAGE, USAGE, 0.02),
    FileRestored("a.py"),
    ChildStarted(RunId("r1.1"), "t1", "find the port", "reviewer"),
    ChildEnded(
        RunId("r1.1"),
        "t1",
        "find the port",
        "achieved",
        4,
        USAGE,
        0.0,
        (ChildChange("a.py", None, "1f"),),
    ),
    WorkflowChanged(
        "release",
        "",
        "d1",
        (
            NodeStatus("tests", "Write the tests", (), "achieved", "i1", "r1.1", "r1.1", "Done."),
            NodeStatus("code", "Make it retry", ("tests",), "running", "i2", "r1.2"),
        ),
    ),
    Rewound(2, USAGE, USAGE, 0.02),
    Forked(RunId("r0"), 2),
    RunEnded(Achieved("Done."), 3, USAGE, USAGE, 0.5),
)
