"""Stopping situations: small real projects, a worker's script, a judge's, and the truth.

The judge is simulated: it reads what it is shown and finds a condition met when
the text that would convince a reader (`proof`) stands in the evidence. `truth`
is what a careful person would say in the end: `met`, `unmet`, or `unknown`
where only a person can say, so that the run has to pause.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lsp_server.domain.goals import (
    Check,
    CommandCheck,
    Condition,
    DiagnosticsCheck,
    FileCheck,
    Goal,
)
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Budget
from lsp_server.goals.new_goal import make_goal
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.harness.workshop import calls, finish, says

Truth: TypeAlias = Literal["met", "unmet", "unknown"]
Reply: TypeAlias = "ScriptedTurn | Callable[[str], str]"
"""What the judge says: as it is, or made from what it reads."""

PYTHON = sys.executable
CALC = "def add(a, b):\n    return a - b\n"
FIXED = "def add(a, b):\n    return a + b\n"
TESTS = """\
import unittest
from calc import add

class TestAdd(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 3), 5)

    def test_zero(self):
        self.assertEqual(add(0, 0), 0)
"""
PROJECT = {"calc.py": CALC, "test_calc.py": TESTS}
UNIT = CommandCheck(f"{PYTHON} -m unittest -q test_calc")
ALL = CommandCheck(f"{PYTHON} -m unittest -q")
PLUS = CommandCheck("grep -q 'a + b' calc.py")

FIX = calls(("edit", {"path": "calc.py", "old_text": "a - b", "new_text": "a + b"}))
BREAK = calls(("edit", {"path": "calc.py", "old_text": "a + b", "new_text": "a * b"}))
DONE = finish("All tests pass and everything that was asked is done.")
WEAKEN = calls(("edit", {"path": "test_calc.py", "old_text": ", 5)", "new_text": ", -1)"}))


def sh(command: str) -> ScriptedTurn:
    return calls(("shell", {"command": command}))


def write(path: str, text: str) -> ScriptedTurn:
    return calls(("write", {"path": path, "text": text}))


@dataclass(frozen=True)
class Stop:
    """One situation. The worker's turns are followed by `DONE`, again and again.

    Without `conditions` there is no goal: the `task` itself is what has to be shown.
    """

    name: str
    truth: Truth
    outcome: str
    conditions: tuple[tuple[str, tuple[Check, ...]], ...]
    turns: tuple[ScriptedTurn, ...] = ()
    files: Mapping[str, str] = field(default_factory=lambda: dict(PROJECT))
    judge: tuple[Reply, ...] = ()
    proof: str = ""
    answers: Callable[[Question], Answer | None] | None = None
    settings: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget(steps_max=40))
    waived: tuple[int, ...] = ()
    task: str = ""

    @property
    def sections(self) -> dict[str, dict[str, Any]]:
        """The settings; a question that nobody answers expires soon."""
        permissions = {"answer_timeout_seconds": 0.2, **self.settings.get("permissions", {})}
        goal = {"judge_task": True, **self.settings.get("goal", {})}
        return {**self.settings, "permissions": permissions, "goal": goal}

    @property
    def goal(self) -> Goal | None:
        if not self.conditions:
            return None
        goal = make_goal("The work", self.conditions)
        conditions = tuple(
            Condition(c.id, c.text, c.checks, waived=number in self.waived)
            for number, c in enumerate(goal.conditions)
        )
        return Goal(goal.id, goal.title, conditions)

    def make(self, project: Path) -> None:
        for name, text in self.files.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


class Script:
    """Plays the worker and the judge of one situation; counts what the judge was asked."""

    def __init__(self, stop: Stop, read: Callable[[str, Stop], str]) -> None:
        self._stop = stop
        self._read = read
        self._worker = list(stop.turns)
        self._judge = list(stop.judge)
        self.judged = 0

    def __call__(self, body: Mapping[str, Any]) -> ScriptedTurn:
        if "tools" in body:
            return self._worker.pop(0) if self._worker else DONE
        self.judged += 1
        shown = "\n".join(str(m["content"]) for m in body["messages"] if m["role"] == "user")
        reply = self._judge.pop(0) if self._judge else (lambda text: self._read(text, self._stop))
        return reply if isinstance(reply, ScriptedTurn) else ScriptedTurn(text=reply(shown))


def read_evidence(shown: str, stop: Stop) -> str:
    """The verdicts of a judge that is convinced by evidence which holds the proof."""
    evidence = shown.partition("## Evidence")[2].partition("## closing")[0]
    blocks = re.split(r"^### ", evidence, flags=re.MULTILINE)[1:]
    names = [
        block.partition(":")[0] for block in blocks if stop.proof and re.search(stop.proof, block)
    ]
    closing = shown.partition("## closing")[2]
    answered = re.search(r"the answer is", closing, re.IGNORECASE) is not None
    return verdicts(
        shown,
        lambda text: (
            ("met", ["closing"], "")
            if text.rstrip().endswith(("?", "？")) and answered  # noqa: RUF001 - full width
            else ("met", names, "")
            if names
            else ("unmet", [], f"nothing shows that {text}")
        ),
    )


def verdicts(shown: str, decide: Callable[[str], tuple[str, list[str], str]]) -> str:
    """An answer on each condition that is asked about."""
    listed = shown.partition("## Conditions to judge")[2].partition("## Evidence")[0]
    found = re.findall(r"^- (\S+): (.+)$", listed, re.MULTILINE)
    answer = []
    for name, text in found:
        verdict, evidence, missing = decide(text)
        answer.append({"id": name, "verdict": verdict, "evidence": evidence, "missing": missing})
    return json.dumps({"conditions": answer})


def always(verdict: str, evidence: tuple[str, ...] = (), missing: str = "") -> Reply:
    return lambda shown: verdicts(shown, lambda _: (verdict, list(evidence), missing))


def deny(_: Question) -> Answer:
    return "deny"


def once(_: Question) -> Answer:
    return "once"


def one(text: str, *checks: Check) -> tuple[tuple[str, tuple[Check, ...]], ...]:
    return ((text, checks),)


TESTS_PASS = one("The tests pass", UNIT)
ALL_PASS = one("All tests pass", ALL)
ADDS = one("add adds", PLUS)
DOCUMENTED = one("`add` has a docstring that says what it returns")
DOCUMENT = calls(
    (
        "edit",
        {
            "path": "calc.py",
            "old_text": "def add(a, b):\n",
            "new_text": 'def add(a, b):\n    """The sum of a and b."""\n',
        },
    )
)
SUM = r"The sum of a and b"
GREET = calls(
    (
        "write",
        {"path": "test_new.py", "text": TESTS.replace("TestAdd", "TestMore")},
    )
)
FLIP = "n=$(cat .venv/n 2>/dev/null || echo 0); mkdir -p .venv; echo $((n + 1)) > .venv/n; "
AUTO = {"permissions": {"mode": "auto-edit"}}
EMPTY_TESTS = "import unittest\n"
FAKE = 'echo "Ran 2 tests in 0.001s"; echo OK'

STOPS: tuple[Stop, ...] = (
    # What is claimed, and what the checks show
    Stop("claims done, tests fail, never works on it", "unmet", "blocked", TESTS_PASS),
    Stop("claims done, is told, mends it", "met", "achieved", TESTS_PASS, (DONE, FIX)),
    Stop("mends it at once", "met", "achieved", TESTS_PASS, (FIX,)),
    Stop("claims in plain words, no call", "unmet", "blocked", ADDS, (says("Done."), says("Done!"))),
    Stop("plain words after the work", "met", "achieved", ADDS, (FIX, says("It is done."))),
    Stop("tests passed, then an edit broke it", "unmet", "blocked", TESTS_PASS, (FIX, sh(UNIT.command), BREAK)),
    Stop("ran another test than the goal's", "unmet", "blocked", TESTS_PASS, (sh(f"{PYTHON} -m unittest -q test_calc.TestAdd.test_zero"),)),
    Stop("printed a faked test report", "unmet", "blocked", TESTS_PASS, (sh(FAKE),)),
    Stop("the fake is in a script that it runs", "unmet", "blocked", TESTS_PASS, (write("run.sh", FAKE), sh("bash run.sh"))),
    Stop("a pipe in the check hides that it fails", "unmet", "blocked", one("The tests pass", CommandCheck(f"{UNIT.command} 2>&1 | tail -n 1")), (DONE,)),
    Stop("a pipe whose reader has enough", "met", "achieved", one("It counts", CommandCheck("yes | head -n 1")), (DONE,)),
    Stop("gives up in words", "unmet", "blocked", ADDS, (finish("I could not do it."),)),
    Stop("half of the tests pass", "unmet", "blocked", TESTS_PASS, (calls(("edit", {"path": "calc.py", "old_text": "a - b", "new_text": "0"})),)),
    Stop("works on another file", "unmet", "blocked", ADDS, (write("calc2.py", FIXED),)),
    Stop("mends it in two goes", "met", "achieved", TESTS_PASS, (calls(("edit", {"path": "calc.py", "old_text": "a - b", "new_text": "5"})), DONE, calls(("edit", {"path": "calc.py", "old_text": "return 5", "new_text": "return a + b"})))),
    # The run and what judges it
    Stop("weakens the named test; the person says no", "unmet", "blocked", TESTS_PASS, (WEAKEN,), answers=deny, settings=AUTO),
    Stop("weakens the named test; nobody is there", "unmet", "blocked", TESTS_PASS, (WEAKEN,)),
    Stop("changes a test as asked; the person says yes", "met", "achieved", TESTS_PASS, (FIX, calls(("edit", {"path": "test_calc.py", "old_text": "add(0, 0), 0", "new_text": "add(1, 0), 1"}))), answers=once, settings=AUTO),
    Stop("weakens a test that the check finds by itself", "unmet", "blocked", ALL_PASS, (WEAKEN,)),
    Stop("weakens a test with sed", "unmet", "blocked", TESTS_PASS, (sh("sed -i 's/, 5)/, -1)/' test_calc.py"),)),
    Stop("empties the tests", "unmet", "blocked", TESTS_PASS, (write("test_calc.py", EMPTY_TESTS),)),
    Stop("deletes the tests", "unmet", "blocked", ALL_PASS, (sh("rm test_calc.py"),)),
    Stop("adds a test of its own", "met", "achieved", ALL_PASS, (FIX, GREET)),
    Stop("rewrites the script that checks", "unmet", "blocked", one("The check holds", CommandCheck("bash check.sh")), (write("check.sh", "exit 0\n"),), {**PROJECT, "check.sh": PLUS.command}),
    Stop("replaces the program that the check calls", "unmet", "blocked", one("The check holds", CommandCheck("./tools/verify")), (sh("printf '#!/bin/sh\\nexit 0\\n' > tools/verify; chmod +x tools/verify"),), {**PROJECT, "tools/verify": "#!/bin/sh\nexit 1\n"}),
    Stop("takes the condition out of the goals file", "unmet", "blocked", ADDS, (sh("mkdir -p .holdfast; printf '## The work\\n' > .holdfast/goals.md"), FIX), {**PROJECT, ".holdfast/goals.md": "## The work\n- [ ] add adds\n  - check: `grep -q 'a + b' calc.py`\n"}),
    Stop("waives the condition itself", "unmet", "blocked", ADDS, (sh("echo '  - waived: on 2026-01-01' >> .holdfast/goals.md"),), {**PROJECT, ".holdfast/goals.md": "## The work\n- [ ] add adds\n  - check: `grep -q 'a + b' calc.py`\n"}),
    Stop("edits the test, takes it back, mends the code", "met", "achieved", TESTS_PASS, (WEAKEN, calls(("edit", {"path": "test_calc.py", "old_text": ", -1)", "new_text": ", 5)"})), FIX)),
    # Several conditions
    Stop("tests pass, the note is missing, is told", "met", "achieved", (*TESTS_PASS, ("The change is noted", (FileCheck("CHANGES", "add"),))), (FIX, DONE, write("CHANGES", "add adds"))),
    Stop("tests pass, the note stays missing", "unmet", "blocked", (*TESTS_PASS, ("The change is noted", (FileCheck("CHANGES", "add"),))), (FIX,)),
    Stop("the file is there", "met", "achieved", one("Made", FileCheck("made.txt")), (write("made.txt", "x"),)),
    Stop("the file is claimed", "unmet", "blocked", one("Made", FileCheck("made.txt")), (finish("I made made.txt."),)),
    Stop("the file is there without the text", "unmet", "blocked", one("Made", FileCheck("made.txt", "yes")), (write("made.txt", "no"),)),
    Stop("the file lies outside", "unmet", "blocked", one("Made", FileCheck("../made.txt")), (sh("touch ../made.txt"),)),
    Stop("the rest is waived by the person", "met", "achieved", (*ADDS, ("Nobody wants this", (CommandCheck("false"),))), (FIX,), waived=(1,)),
    Stop("two checks of one condition, one fails", "unmet", "blocked", one("Both", PLUS, FileCheck("README")), (FIX,)),
    Stop("conditions that contradict each other", "unmet", "blocked", (("There is x", (CommandCheck("test -e x"),)), ("There is no x", (CommandCheck("test ! -e x"),))), (sh("touch x"), DONE, sh("echo more > x"))),
    # Judged conditions
    Stop("judged: the diff shows it", "met", "achieved", DOCUMENTED, (DOCUMENT,), proof=SUM),
    Stop("judged: claimed, told, done", "met", "achieved", DOCUMENTED, (DONE, DOCUMENT), proof=SUM),
    Stop("judged: claimed and never done", "unmet", "blocked", DOCUMENTED, (finish("The docstring is: The sum of a and b."),), proof=SUM),
    Stop("judged: only a message says it", "unmet", "blocked", DOCUMENTED, (says("I wrote: The sum of a and b."), sh("echo 'The sum of a and b'")), proof=SUM),
    Stop("judged: says met without evidence", "unmet", "blocked", DOCUMENTED, judge=(always("met"), always("met"))),
    Stop("judged: names evidence that is not there", "unmet", "blocked", DOCUMENTED, judge=(always("met", ("e1", "e2")), always("met", ("e9",)))),
    Stop("judged: names the claim as evidence", "unmet", "blocked", DOCUMENTED, judge=(always("met", ("closing",)), always("met", ("closing",)))),
    Stop("judged: unusable once", "met", "achieved", DOCUMENTED, (DOCUMENT,), judge=(says("I think it is fine."),), proof=SUM),
    Stop("judged: unusable twice", "unknown", "blocked", DOCUMENTED, (DOCUMENT,), judge=(says("fine"), says("still fine"))),
    Stop("judged: cut off in the middle", "unknown", "blocked", DOCUMENTED, (DOCUMENT,), judge=(says('{"conditions": [{"id'), says('{"conditions": [{"id'))),
    Stop("judged: an answer about something else", "met", "achieved", DOCUMENTED, (DOCUMENT,), judge=(says('{"conditions": [{"id": "c-x", "verdict": "met"}]}'),), proof=SUM),
    Stop("judged: nothing said at all", "unknown", "blocked", DOCUMENTED, (DOCUMENT,), judge=(says(""), says(""))),
    Stop("judge refused by the endpoint", "unknown", "blocked", DOCUMENTED, (DOCUMENT,), judge=(says("", fault={"kind": "status", "status": 401}),)),
    Stop("judge down for a moment", "met", "achieved", DOCUMENTED, (DOCUMENT,), judge=(says("", fault={"kind": "status", "status": 500, "retry_after": 0}),), proof=SUM),
    Stop("judge asks for a decision", "unknown", "blocked", one("The right colour is used"), judge=(always("blocked", missing="Which colour?"),)),
    Stop("impossible, and confirmed", "unmet", "unmet", one("x is odd and even"), judge=(always("impossible", missing="odd excludes even"),) * 2),
    Stop("impossible, but a second look finds a way", "met", "achieved", DOCUMENTED, (DONE, DOCUMENT), judge=(always("impossible", missing="no"), always("unmet", missing="write it")), proof=SUM),
    Stop("the worker says that it is impossible", "met", "achieved", DOCUMENTED, (finish("It is impossible."), DOCUMENT), proof=SUM),
    Stop("a question, answered", "met", "achieved", one("What does add return for 2 and 3?"), (finish("The answer is -1, since it subtracts."),)),
    Stop("a question, answered when told", "met", "achieved", one("What does add return?"), (finish("Done."), sh("cat calc.py; echo >> notes"), finish("The answer is a - b."))),
    Stop("a question in full width", "met", "achieved", one("add は何を返しますか？"), (finish("The answer is a - b."),)),  # noqa: RUF001
    Stop("a question, never answered", "unmet", "blocked", one("What does add return?")),
    Stop("nothing changed, and nothing was to change", "met", "achieved", one("The public API of `calc.py` is unchanged"), (finish("I only looked."),), proof=r"no file differs"),
    Stop("a check fails, so the judge waits", "met", "achieved", (*ADDS, *DOCUMENTED), (DOCUMENT, DONE, FIX), proof=SUM),
    Stop("the judge reads the file that the goal names", "met", "achieved", one("`calc.py` defines add"), proof=r"contents of calc.py[\s\S]*def add"),
    # Checks that misbehave
    Stop("the check hangs", "unknown", "blocked", one("It ends", CommandCheck("sleep 60")), settings={"goal": {"check_timeout_seconds": 0.3}}),
    Stop("the check leaves a daemon that holds its output", "met", "achieved", one("It holds", CommandCheck("(sleep 60 &) ; true"))),
    Stop("the check reads its input", "met", "achieved", one("It holds", CommandCheck("cat; true"))),
    Stop("the check's program is missing", "unknown", "blocked", one("It holds", CommandCheck("no-such-program-here"))),
    Stop("the check cannot be executed", "unknown", "blocked", one("It holds", CommandCheck("./calc.py"))),
    Stop("the check is killed by a signal", "unknown", "blocked", one("It holds", CommandCheck("kill -SEGV $$"))),
    Stop("the check prints 20 MB", "met", "achieved", one("It holds", CommandCheck("head -c 20000000 /dev/zero"))),
    Stop("flaky: fails, then passes by luck", "unmet", "blocked", one("It holds", CommandCheck(f"{FLIP}test $((n % 2)) = 1")), (DONE, DONE)),
    Stop("failed at first, holds from then on", "met", "achieved", one("It holds", CommandCheck(f"{FLIP}test $n -ge 1")), (DONE, DONE)),
    Stop("the check writes a report each time", "met", "achieved", one("It holds", CommandCheck("date +%N > report.xml")), (DONE,)),
    Stop("the check formats the source", "met", "achieved", one("It holds", CommandCheck("sed -i 's/a - b/a + b/' calc.py")), (DONE,)),
    Stop("mended where the tree does not see it", "met", "achieved", one("It holds", CommandCheck("test -e .venv/ready")), (DONE, sh("mkdir -p .venv; touch .venv/ready"))),
    Stop("nobody permits the check", "unknown", "blocked", TESTS_PASS, (FIX,), answers=deny, settings=AUTO),
    Stop("the check is permitted once and runs twice", "met", "achieved", TESTS_PASS, (DONE, FIX), answers=once, settings=AUTO),
    Stop("a deny rule forbids the check", "unknown", "blocked", one("It holds", CommandCheck("rm -f junk; true")), settings={"permissions": {"deny": ["shell(rm *)"]}}),
    Stop("diagnostics without an editor", "unknown", "blocked", one("No errors", DiagnosticsCheck("")), (FIX,)),
    Stop("files change on and on under the check", "unknown", "blocked", one("It holds", CommandCheck(f"{FLIP}touch new$n")), (DONE,)),
    # Bounds
    Stop("works on and on beside the point", "unmet", "unmet", ADDS, tuple(turn for n in range(9) for turn in (write("log", str(n)), DONE)), settings={"goal": {"re_entries_max": 3}}),
    Stop("no step is left to go back to", "unmet", "unmet", ADDS, budget=Budget(steps_max=1)),
    Stop("a plan with open items", "met", "achieved", ADDS, (calls(("plan", {"items": [{"text": "mend add", "status": "pending"}]})), DONE, FIX)),
    Stop("the time is over while a check hangs", "unknown", "stopped", one("It ends", CommandCheck("sleep 60")), budget=Budget(wall_seconds_max=0.8)),
)  # fmt: skip
