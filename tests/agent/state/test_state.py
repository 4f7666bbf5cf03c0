"""What is known of a run without a model, and how it is put into words."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from lsp_server.agent.journal import Journal, replay
from lsp_server.agent.state import State
from lsp_server.agent.state.literals import PER_TEXT_MAX, Literals
from lsp_server.agent.state.notes import notes_in
from lsp_server.agent.state.state_summary import render_state
from lsp_server.agent.state.suite_results import suite_result
from lsp_server.domain.events import (
    CycleStarted,
    Event,
    FileChanged,
    GoalChecked,
    ModelAnswered,
    PlanChanged,
    RunStarted,
    StepStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.goals import Condition, ConditionReport, Goal, GoalReport
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.plans import PlanItem
from lsp_server.domain.tasks import RunId, Task
from lsp_server.domain.tools import NeedsCommand, NeedsPath, ToolCall, ToolKind, ToolResult

START: tuple[Event, ...] = (
    RunStarted(RunId("r"), Task("Mend the parser; never touch port 8123."), "/w", "m"),
    CycleStarted(1, "the run starts", "system", "do it"),
)


def step(
    number: int, command: str, result: str, says: str = "", tool: str = "shell", **arguments: object
) -> list[Event]:
    values = arguments or {"command": command}
    call = ToolCall(f"call{number}", tool, json.dumps(values))
    message = Message("assistant", says, tool_calls=(call,))
    kind: ToolKind = "execute" if tool == "shell" else "edit" if tool == "edit" else "read"
    needs = NeedsCommand(command) if tool == "shell" else NeedsPath("x", writes=tool == "edit")
    ended = re.match(r"(exit status (\d+)|killed by \w+)", result)
    given = ToolResult(
        result,
        tool == "edit",
        read=(str(arguments["path"]),) if tool == "read" else (),
        ending=ended[1] if ended else "",
        exit_status=int(ended[2]) if ended and ended[2] else None,
    )
    return [
        StepStarted(number, 0),
        ModelAnswered(number, message, "tool_calls", Usage(), Usage(), 0.0),
        ToolCalled(number, call, command, kind, needs),
        ToolReturned(number, call.id, tool, given, 0.1, kind),
    ]


def folded(*events: Event | list[Event]) -> State:
    state = State()
    for event in START:
        state.apply(event)
    for part in events:
        for event in part if isinstance(part, list) else [part]:
            state.apply(event)
    return state


def shown(state: State, tokens_max: int = 4000, now: dict[str, str] | None = None) -> str:
    return render_state(state, tokens_max, lambda text: len(text) // 4, now).text


def goal_report() -> GoalReport:
    condition = Condition("c1", "all tests pass")
    missing = ConditionReport(condition, "unmet", "two tests fail")
    return GoalReport(Goal("g", "works", (condition,)), (missing,), "tree1")


@pytest.mark.parametrize(
    ("events", "facts"),
    [
        (
            [Told("Use the second way:\nport 9001.", "person")],
            ["> Use the second way:\n> port 9001."],
        ),
        (
            [PlanChanged((PlanItem("mend", "in_progress", (PlanItem("find", "done"),)),))],
            ["- [>] mend\n  - [x] find"],
        ),
        ([GoalChecked(goal_report())], ["all tests pass: unmet", "two tests fail"]),
        ([FileChanged("a.py", "0" * 64, "1" * 64)], ["a.py: changed, last in step 0, 11111111"]),
        ([FileChanged("new.py", None, "2" * 64)], ["new.py: created in step 0, 22222222"]),
        ([FileChanged("old.py", "2" * 64, None)], ["old.py: deleted in step 0"]),
        (
            step(
                3,
                "pytest -q",
                "exit status 1 after 2 s\nFAILED t.py::test_a - E\n1 failed, 3 passed",
            ),
            ["`pytest -q`: FAIL, step 3: 1 failed, 3 passed; failing: t.py::test_a"],
        ),
        (
            step(
                3,
                "make deploy",
                "exit status 2 after 1 s\nuploading\nfatal: key k-99 was refused\nbye",
            ),
            [
                "step 3: $ make deploy: fatal: key k-99 was refused (`call3`)",
                "`make deploy`: exit status 2, step 3",
            ],
        ),
        (
            step(2, "x", "old_text is not in a.py", tool="edit", path="a.py"),
            ["step 2: edit: old_text is not in a.py (`call2`)"],
        ),
        (step(2, "x", "1\tx", tool="read", path="src/a.py"), ["Files read last\n- src/a.py"]),
        (
            step(4, "sh start.sh", "exit status 0 after 1 s\nbroker listening on 48123\n"),
            ["- step 4: broker listening on 48123"],
        ),
        (
            step(
                5,
                "ls",
                "exit status 0",
                "Decision: the cache lives in /var/tmp/hf-17. Let me look.",
            ),
            ["- the cache lives in /var/tmp/hf-17. Let me look. (step 5)"],
        ),
        (
            step(5, "ls", "exit status 0", "Fine. I will keep readFile instead of open(). Next."),
            ["Decisions\n- I will keep readFile instead of open(). (step 5)"],
        ),
        (
            step(6, "ls", "exit status 0", "The import failed; fixed by --no-cache=3."),
            ["Lessons\n- The import failed; fixed by --no-cache=3. (step 6)"],
        ),
        (
            step(6, "ls", "exit status 0", "Should old files stay?"),
            ["Open questions\n- Should old files stay? (step 6)"],
        ),
    ],
)
def test_what_happened_is_in_the_portrait(events: list[Event], facts: list[str]) -> None:
    text = shown(folded(events))
    for fact in facts:
        assert fact in text


def test_a_question_is_open_until_the_person_speaks() -> None:
    state = folded(step(1, "ls", "exit status 0", "Should it stay?"), Told("Yes.", "person"))
    assert "Should it stay?" not in shown(state).partition("What you said")[0]


def test_what_was_done_is_counted_from_the_last_message_of_the_person() -> None:
    state = State()
    failed = ToolReturned(1, "call1", "read", ToolResult("no such file", is_error=True), 0.1)
    seen: list[bool] = []
    parts: tuple[Sequence[Event], ...] = (
        START,
        [failed],
        step(1, "make", "exit status 0 in 1 s"),
        [Told("Go on.", "fence"), failed],
        [Told("And the tests?", "person")],
        step(2, "make", "exit status 1 in 1 s"),
    )
    for events in parts:
        for event in events:
            state.apply(event)
        seen.append(state.conversation.nothing_done)
    assert seen == [True, True, False, False, True, False]


def test_files_say_whether_they_changed_since() -> None:
    state = folded(
        FileChanged("same", None, "1" * 64),
        FileChanged("other", None, "1" * 64),
        FileChanged("gone", None, "1" * 64),
    )
    text = shown(state, now={"same": "1" * 64, "other": "2" * 64})
    assert "same: created in step 0, 11111111\n" in text + "\n"
    assert "other: created in step 0, 11111111; CHANGED SINCE" in text
    assert "gone: created in step 0, 11111111; GONE SINCE" in text


def test_what_a_command_only_shows_is_no_literal() -> None:
    state = folded(step(1, "cat config", "exit status 0 after 0 s\nport = 48123"))
    assert "48123" not in shown(state)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("listening on 48123", ["48123"]),
        ("see https://a.b/c?d=1.", ["https://a.b/c?d=1"]),
        ("run with --max-depth=7 and -v", ["--max-depth=7"]),
        ("HF_TOKEN_FILE=/run/x is set", ["HF_TOKEN_FILE=/run/x"]),
        ("wrote src/pages/a.py:12", ["src/pages/a.py"]),
        ("db.internal:5432 refused", ["db.internal:5432"]),
        ("ticket ABC-1234, user_77f", ["ABC-1234", "user_77f"]),
        ("at 9f8e7d6c5b", ["9f8e7d6c5b"]),
        ("needs 3.11.2", ["3.11.2"]),
        ("12 passed in 3 files", []),
        ("and/or nothing", ["and/or"]),
    ],
)
def test_exact_values_are_recognised(text: str, found: list[str]) -> None:
    literals = Literals()
    literals.learn(text, 1, 1)
    assert [literal.text for literal in literals.best()] == found
    assert all(literal.text in literal.around for literal in literals.best())


def test_of_too_many_values_the_used_and_the_said_stay() -> None:
    literals = Literals()
    literals.learn("port 40001", 1, 1)
    literals.mark_used('{"command": "curl :40001"}')
    literals.learn("said 40002", 1, 4)
    for number in range(1000):
        literals.learn(f"noise {50_000 + number}", number, 1)
    kept = [literal.text for literal in literals.best()]
    assert {"40001", "40002"} <= set(kept[:3])
    assert len(kept) <= 300
    literals.learn("\n".join(f"id={n}" for n in range(10_000, 10_100)), 1, 9)
    assert sum(literal.weight >= 9 for literal in literals.best()) == PER_TEXT_MAX


@pytest.mark.parametrize(
    ("command", "output", "passed", "failing"),
    [
        ("pytest", "12 passed", True, ()),
        (
            "python -m unittest",
            "FAIL: test_a (m.T)\nFAILED (failures=1)",
            False,
            ("test_a (m.T)",),
        ),
        ("go test ./...", "--- FAIL: TestX (0.00s)\nFAIL", False, ("TestX",)),
        ("cargo test", "test a::b ... FAILED\n", False, ("a::b",)),
        ("npm run test:unit", "  \u2715 adds (3 ms)\n", False, ("adds (3 ms)",)),
        ("cd x && make -j2 check", "boom", False, ()),
        ("pytest", "", False, ()),
    ],
)
def test_runs_of_tests_are_recognised(
    command: str, output: str, passed: bool, failing: tuple[str, ...]
) -> None:
    suite = suite_result(command, output, 1, succeeded=passed)
    assert suite is not None
    assert (suite.passed, suite.failing) == (passed, failing)


@pytest.mark.parametrize("command", ["ls tests", "echo make tea", "git commit -m test", "testing"])
def test_other_commands_are_no_tests(command: str) -> None:
    assert suite_result(command, "3 passed", 1, succeeded=True) is None


def test_marked_sentences_outlive_recognised_ones() -> None:
    parts = [step(1, "ls", "", "Decision: keep it on 48123.")]
    parts += [step(n, "ls", "", f"I decided that {n} is better.") for n in range(2, 200)]
    state = folded(*parts)
    assert state.work.notes_of("decision")[0].text == "keep it on 48123."
    assert len(state.work.notes_of("decision")) <= 80
    assert [saying.kind for saying in notes_in("**Lesson**: a\n- Question: b", 1)] == [
        "lesson",
        "question",
    ]


def test_what_bears_on_the_work_at_hand_goes_in_before_what_is_newer() -> None:
    parts = [step(1, "ls", "", "Decision: the lexer keeps tabs, width 7.")]
    parts += [step(n, "ls", "", f"Decision: file {n} stays.") for n in range(2, 70)]
    assert "width 7" not in shown(folded(*parts), 400)
    doing = PlanChanged((PlanItem("mend the lexer", "in_progress"),))
    assert "width 7" in shown(folded(*parts, doing), 400)


def test_two_replays_of_one_journal_are_equal_and_within_the_limit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    events = [*START]
    for number in range(1, 150):
        says = f"Decision: {number} goes to /srv/{number}. " + "words " * 30
        events += step(
            number, f"make job{number}", f"exit status {number % 3}\nid=job-{number}", says
        )
        events.append(FileChanged(f"src/{number}.py", None, f"{number:064}"))
    for event in events:
        journal.append(event)
    journal.close()
    one, two = State(), State()
    for recorded in replay(journal.path):
        one.apply(recorded.event)
        two.apply(recorded.event)
    assert one == two
    for tokens_max in (0, 100, 1000, 8000):
        chosen = render_state(one, tokens_max, lambda text: len(text) // 4)
        assert chosen == render_state(two, tokens_max, lambda text: len(text) // 4)
        assert len(chosen.text) // 4 <= tokens_max * 1.05
        assert sum(portion.tokens for portion in chosen.taken) <= tokens_max * 1.05
    assert "149 goes to /srv/149" in shown(one, 1000), "the newest facts are kept"
