"""What hooks see of a run, and what their answers make of it."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lsp_server.assemble.session import diagnose
from lsp_server.domain.events import CycleStarted, Told, ToolCalled, ToolReturned, Warned
from lsp_server.domain.message_events import MessageRefused
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Blocked, Failed, Finished, Stopped
from tests.harness.workshop import Workshop, calls, finish, workshop

EVENTS = (
    "PreToolUse",
    "PostToolUse",
    "UserPromptSubmit",
    "Stop",
    "SessionStart",
    "PreCompact",
    "Notification",
)
WRITE = calls(("write", {"path": "new.txt", "text": "made\n"}))
LOOKS = calls(("read", {"path": "app.py"}))


def hooks(event: str, *commands: str, matcher: str = "", **more: Any) -> dict[str, Any]:
    """Settings with these commands at an event."""
    entries = [{"type": "command", "command": command, **more} for command in commands]
    return {event: [{"matcher": matcher, "hooks": entries}]}


def says(value: object) -> str:
    """A command that answers with JSON."""
    return f"printf %s {shlex.quote(json.dumps(value))}"


def decides(permission: str, reason: str = "since we say so", **more: object) -> str:
    output = {
        "hookEventName": "PreToolUse",
        "permissionDecision": permission,
        "permissionDecisionReason": reason,
        **more,
    }
    return says({"hookSpecificOutput": output})


def prompts_of(shop: Workshop) -> str:
    return json.dumps(shop.prompts()[-1], ensure_ascii=False)


@dataclass(frozen=True)
class Row:
    """A hook before the call that writes `new.txt`, and what comes of the call.

    `asked` is how often a person is asked, who denies. `says` is in the result that the
    model reads, `told` in what a person is told.
    """

    name: str
    command: str
    written: bool
    says: str = ""
    asked: int = 0
    told: str = ""
    matcher: str = ""
    timeout: float = 60.0


BEFORE = [
    Row("nothing said", "true", written=True),
    Row("text is no decision", "echo all is well", written=True),
    Row("allow", decides("allow"), written=True),
    Row("deny", decides("deny", "not on Fridays"), written=False, says="not on Fridays"),
    Row("ask", decides("ask", "look closely"), written=False, asked=1, says="look closely"),
    Row("exit 2", "echo no new files >&2; exit 2", written=False, says="no new files"),
    Row("exit 2 without a word", "exit 2", written=False, says="refused it"),
    Row("JSON with exit 2", f"{decides('allow')}; exit 2", written=False, says="refused it"),
    Row("older words", says({"decision": "block", "reason": "old"}), written=False, says="old"),
    Row("older yes", says({"decision": "approve"}), written=True),
    Row("exit 1", "echo broken >&2; exit 1", written=False, asked=1, told="exit status 1: broken"),
    Row("not found", "./no-such-hook", written=False, asked=1, told="exit status 127"),
    Row("a crash", "kill -SEGV $$", written=False, asked=1, told="failed: "),
    Row("out of time", "sleep 60", written=False, asked=1, told="longer than 0.3 s", timeout=0.3),
    Row("odd JSON", "echo '{\"a\":'", written=False, asked=1, told="JSON that cannot be read"),
    Row("an odd decision", decides("perhaps"), written=False, asked=1, told="neither allow"),
    Row("a list", "echo '[1]'", written=True),
    Row("huge output", f"yes | head -c 5000000; {decides('deny')}", written=True),
    Row("huge errors", "yes no | head -c 5000000 >&2; exit 2", written=False, says="no"),
    Row("another tool", "exit 2", written=True, matcher="edit"),
    Row("of its name", "exit 2", written=False, matcher="write"),
    Row("as Claude Code calls it", "exit 2", written=False, matcher="Edit|Write"),
    Row("a part of its name", "exit 2", written=True, matcher="Wri"),
    Row("all", "exit 2", written=False, matcher="*"),
    Row("a message for a person", says({"systemMessage": "mind it"}), written=True, told="mind it"),
    Row("words for the model", decides("allow", additionalContext="use LF"), True, says="use LF"),
    Row("what it reads not", "exec <&-; true", written=True),
    Row("what it leaves running", "sleep 60 & true", written=True),
]


@pytest.mark.parametrize("row", BEFORE, ids=lambda row: row.name)
async def test_a_hook_before_a_call(project: Path, row: Row) -> None:
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return "deny"

    settings = hooks("PreToolUse", row.command, matcher=row.matcher, timeout=row.timeout)
    async with workshop(
        project, [WRITE, finish()], answer=answer, permissions={"mode": "auto-edit"}, hooks=settings
    ) as shop:
        await shop.run()
        (result,) = [e.result for e in shop.events(ToolReturned) if e.tool == "write"]
        assert (project / "new.txt").exists() == row.written == (not result.is_error)
        assert row.says in result.text
        assert len(asked) == row.asked
        warnings = [event.message for event in shop.events(Warned)]
        assert any(row.told in one for one in warnings) or not row.told
        assert len(set(warnings)) == len(warnings)


async def test_two_hooks_that_disagree_are_as_strict_as_the_stricter(project: Path) -> None:
    settings = hooks("PreToolUse", decides("allow"), decides("deny", "never"), decides("ask"))
    async with workshop(project, [WRITE, finish()], hooks=settings) as shop:
        await shop.run()
        assert "never" in shop.events(ToolReturned)[0].result.text
        assert not (project / "new.txt").exists()


async def test_a_hook_frees_what_is_asked_about_and_nothing_that_a_rule_denies(
    project: Path,
) -> None:
    def nobody(_: Question) -> Answer:
        raise AssertionError("a person was asked")

    settings = hooks("PreToolUse", decides("allow"))
    async with workshop(project, [WRITE, finish()], answer=nobody, hooks=settings) as shop:
        await shop.run()
        assert (project / "new.txt").exists()
    denying = {"mode": "ask", "deny": ["edit(other.txt)"]}
    turns = [calls(("write", {"path": "other.txt", "text": "x"})), finish()]
    async with workshop(project, turns, answer=nobody, hooks=settings, permissions=denying) as shop:
        await shop.run()
        assert not (project / "other.txt").exists()


async def test_a_changed_call_is_the_one_that_is_made_and_recorded(project: Path) -> None:
    changed = {"path": "safe.txt", "text": "other\n"}
    settings = hooks("PreToolUse", decides("allow", updatedInput=changed), matcher="write")
    async with workshop(project, [WRITE, finish()], hooks=settings) as shop:
        await shop.run()
        assert (project / "safe.txt").read_text() == "other\n"
        assert not (project / "new.txt").exists()
        assert json.loads(shop.events(ToolCalled)[0].call.arguments) == changed
        assert "safe.txt" in shop.events(ToolReturned)[0].result.text
        assert "A hook made the call" in prompts_of(shop)


async def test_a_changed_call_is_permitted_anew(project: Path) -> None:
    changed = {"path": ".git/config", "text": "x"}
    answer_of_hook = says({"hookSpecificOutput": {"updatedInput": changed}})
    settings = hooks("PreToolUse", answer_of_hook, matcher="write")
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return "deny"

    async with workshop(
        project, [WRITE, finish()], answer=answer, permissions={"mode": "auto-edit"}, hooks=settings
    ) as shop:
        await shop.run()
        assert [".git/config" in one.summary for one in asked] == [True]


async def test_calls_with_a_hook_are_made_one_after_the_other(project: Path) -> None:
    log = "echo in >> order.txt; sleep 0.05; echo out >> order.txt"
    two = calls(("read", {"path": "app.py"}), ("list", {"path": "."}))
    async with workshop(project, [two, finish()], hooks=hooks("PreToolUse", log)) as shop:
        await shop.run()
        lines = (project / "order.txt").read_text().split()
        assert lines == ["in", "out"] * 2


AFTER = [
    ("echo not formatted >&2; exit 2", "not formatted"),
    (says({"decision": "block", "reason": "run the tests"}), "run the tests"),
    (says({"hookSpecificOutput": {"additionalContext": "3 lints"}}), "3 lints"),
    ("true", ""),
    ("echo unseen", ""),
    ("exit 1", ""),
]


@pytest.mark.parametrize(("command", "said"), AFTER, ids=lambda x: str(x)[:30])
async def test_a_hook_after_a_call_adds_to_its_result(
    project: Path, command: str, said: str
) -> None:
    settings = hooks("PostToolUse", command, matcher="Write")
    async with workshop(project, [WRITE, finish()], hooks=settings) as shop:
        assert isinstance(await shop.run(), Finished)
        result = shop.events(ToolReturned)[0].result
        assert said in result.text
        assert ("A hook says" in result.text) == bool(said)
        assert (project / "new.txt").exists()


async def test_a_hook_is_told_of_a_call_as_claude_code_tells_it(project: Path) -> None:
    (project / ".claude").mkdir()
    log = {"hooks": hooks("PostToolUse", "cat > seen.json", matcher="Write")}
    (project / ".claude" / "settings.json").write_text(json.dumps(log))
    async with workshop(project, [WRITE, finish()]) as shop:
        await shop.session.trust.decide(await shop.session.trust.waiting(), trusted=True)
        await shop.run()
    seen = json.loads((project / "seen.json").read_text())
    assert seen["tool_name"] == "Write"
    assert seen["tool_input"] == {"file_path": str(project / "new.txt"), "content": "made\n"}
    assert seen["hook_event_name"] == "PostToolUse"
    assert seen["cwd"] == str(project)
    assert Path(seen["transcript_path"]).name == "journal.jsonl"
    assert seen["session_id"]
    assert seen["tool_response"]["changed"] == ["new.txt"]


@pytest.mark.parametrize(
    ("command", "outcome", "said"),
    [
        ("echo branch: main", Finished, "branch: main"),
        (says({"hookSpecificOutput": {"additionalContext": "port 4812"}}), Finished, "port 4812"),
        ("echo ask the owner >&2; exit 2", Blocked, "ask the owner"),
        (says({"decision": "block", "reason": "secret inside"}), Blocked, "secret inside"),
        (says({"continue": False, "stopReason": "enough today"}), Stopped, "enough today"),
        ("exit 1", Finished, ""),
    ],
    ids=range(6),
)
async def test_a_hook_reads_the_task(project: Path, command: str, outcome: type, said: str) -> None:
    async with workshop(project, [finish()], hooks=hooks("UserPromptSubmit", command)) as shop:
        ended = await shop.run("tidy up")
        assert type(ended) is outcome
        if outcome is Finished:
            assert said in prompts_of(shop)
        else:
            assert said in str(ended)
            assert not shop.server.requests, "the model was asked all the same"


async def test_a_hook_refuses_a_message(project: Path) -> None:
    command = "grep -q password && { echo no passwords >&2; exit 2; } || true"
    async with workshop(
        project, [LOOKS, finish()], hooks=hooks("UserPromptSubmit", command)
    ) as shop:

        def write_to_it(event: object) -> None:
            if isinstance(event, ToolCalled) and not sent:
                sent.append(event)
                shop.session.runs.send(None, "the password is x", "steer")

        sent: list[object] = []
        shop.on_event = write_to_it
        assert isinstance(await shop.run(), Finished)
        assert [event.reason for event in shop.events(MessageRefused)] == ["no passwords"]
        assert "the password is" not in prompts_of(shop)


async def test_a_hook_sends_a_run_back_a_few_times(project: Path) -> None:
    once = "[ -e sent ] && exit 0; touch sent; echo write the notes >&2; exit 2"
    async with workshop(project, [finish("a"), finish("b")], hooks=hooks("Stop", once)) as shop:
        assert isinstance(await shop.run(), Finished)
        assert "write the notes" in prompts_of(shop)
        assert [event.origin for event in shop.events(Told)] == ["hook"]
    turns = [finish(str(number)) for number in range(9)]
    always = hooks("Stop", "cat >> stops.txt; echo again >&2; exit 2")
    async with workshop(project, turns, hooks=always) as shop:
        assert isinstance(await shop.run(), Finished)
        assert len(shop.events(Told)) == 5
        assert any("sent the run back 5 times" in one.message for one in shop.events(Warned))
        stops = (project / "stops.txt").read_text()
        assert stops.count('"stop_hook_active": true') == 5


async def test_a_hook_stops_a_run_before_the_call(project: Path) -> None:
    stop = says({"continue": False, "stopReason": "the disk is full"})
    async with workshop(project, [WRITE, finish()], hooks=hooks("PreToolUse", stop)) as shop:
        ended = await shop.run()
        assert isinstance(ended, Stopped)
        assert "the disk is full" in ended.reason
        assert not (project / "new.txt").exists()
        assert len(shop.server.requests) == 1


async def test_each_event_has_its_facts(project: Path) -> None:
    settings = {event: hooks(event, f"cat > {event}.json")[event] for event in EVENTS}

    def yes(_: Question) -> Answer:
        return "once"

    async with workshop(project, [WRITE, finish()], answer=yes, hooks=settings) as shop:
        await shop.run("make it")
    seen = {path.stem: json.loads(path.read_text()) for path in project.glob("*.json")}
    assert seen["SessionStart"]["source"] == "startup"
    assert seen["UserPromptSubmit"]["prompt"] == "make it"
    assert seen["PreToolUse"]["tool_name"] == "write"
    assert seen["Stop"]["stop_hook_active"] is False
    assert "new.txt" in seen["Notification"]["message"]
    assert set(seen) == {*EVENTS} - {"PreCompact"}


WRONG = [
    ({"PreToolUse": [{"matcher": "(", "hooks": [{"command": "x"}]}]}, "no regular expression"),
    ({"PreToolUse": [{"hooks": [{"command": ""}]}]}, "`command` must be"),
    ({"PreToolUse": [{"hooks": [{"type": "prompt", "prompt": "x"}]}]}, "'prompt' are not known"),
    ({"PreToolUse": [{"hooks": [{"command": "x", "timeout": -1}]}]}, "`timeout` must be"),
    ({"PreToolUse": [{"hooks": [{"command": "x", "timeout": "long"}]}]}, "`timeout` must be"),
    ({"PreToolUse": [{"matcher": "x"}]}, "a list `hooks`"),
]


@pytest.mark.parametrize(("settings", "said"), WRONG, ids=range(len(WRONG)))
async def test_no_run_starts_past_a_hook_of_the_users_that_cannot_be_read(
    project: Path, settings: dict[str, Any], said: str
) -> None:
    async with workshop(project, [WRITE, finish()], hooks=settings) as shop:
        ended = await shop.run()
        assert isinstance(ended, Failed)
        assert said in ended.error
        assert not shop.server.requests


def bring(project: Path, command: str, name: str = ".claude/settings.json") -> None:
    path = project / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"hooks": hooks("PreToolUse", command)}))


@pytest.mark.parametrize(
    "name", [".claude/settings.json", ".claude/settings.local.json", ".holdfast/hooks.json"]
)
async def test_a_projects_hooks_wait_for_trust_and_ask_again_when_they_change(
    project: Path, name: str
) -> None:
    script = project / "guard.sh"
    script.write_text("touch ran; exit 2")
    bring(project, 'sh "$CLAUDE_PROJECT_DIR/guard.sh"', name)
    async with workshop(project, [WRITE, finish()] * 9) as shop:
        trust = shop.session.trust
        await shop.run()
        assert not (project / "ran").exists()
        assert any("hook" in event.message for event in shop.events(Warned))
        (item,) = await trust.waiting()
        assert "guard.sh" in item.summary
        assert "touch ran" in item.detail
        assert "(new, " in await diagnose(shop.session)
        (listed,) = await shop.session.extensions.look()
        assert (listed.kind, listed.waits, listed.trust_id) == ("hook", True, item.id)
        await trust.decide([item], trusted=True)
        await shop.run()
        assert (project / "ran").exists()
        (project / "ran").unlink()
        script.write_text("touch ran; exit 0")
        assert [one.id for one in await trust.waiting()] == [item.id]
        await shop.run()
        assert not (project / "ran").exists()


async def test_a_script_that_the_run_changes_itself_is_not_run(project: Path) -> None:
    (project / "guard.sh").write_text("true")
    bring(project, "sh guard.sh")
    turns = [calls(("write", {"path": "guard.sh", "text": "touch ran"})), WRITE, finish()]
    async with workshop(project, turns, answer=lambda _: "once") as shop:
        await shop.session.trust.decide(await shop.session.trust.waiting(), trusted=True)
        await shop.run()
        assert not (project / "ran").exists()
        assert any("changed since it was trusted" in one.message for one in shop.events(Warned))


async def test_a_projects_hook_frees_nothing(project: Path) -> None:
    bring(project, decides("allow"))
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return "deny"

    async with workshop(project, [WRITE, finish()], answer=answer) as shop:
        await shop.session.trust.decide(await shop.session.trust.waiting(), trusted=True)
        await shop.run()
        assert asked
        assert not (project / "new.txt").exists()


async def test_a_hook_gets_no_key_and_reaches_nothing_outside(project: Path) -> None:
    command = "env > seen.txt; touch ~/outside 2>/dev/null; true"
    async with workshop(project, [WRITE, finish()], hooks=hooks("PreToolUse", command)) as shop:
        await shop.run()
    seen = (project / "seen.txt").read_text()
    assert f"HOLDFAST_PROJECT_DIR={project}" in seen
    assert "API_KEY" not in seen
    assert not (Path.home() / "outside").exists()


async def test_a_wrong_file_of_the_project_is_named_and_stops_nothing(project: Path) -> None:
    (project / ".claude").mkdir()
    (project / ".claude" / "settings.json").write_text("{")
    async with workshop(project, [WRITE, finish()]) as shop:
        assert isinstance(await shop.run(), Finished)
        assert any(".claude/settings.json" in one.message for one in shop.events(Warned))


@pytest.mark.parametrize(
    ("event", "matcher", "fired"),
    [
        ("SessionStart", "startup", 1),
        ("SessionStart", "startup|resume", 1),
        ("SessionStart", "resume", 0),
        ("Notification", "permission_prompt", 1),
        ("Notification", "idle_prompt", 0),
        ("Stop", "anything", 1),
        ("UserPromptSubmit", "anything", 1),
    ],
)
async def test_a_matcher_looks_at_what_its_event_is_about(
    project: Path, event: str, matcher: str, fired: int
) -> None:
    settings = hooks(event, "echo >> fired.txt", matcher=matcher)
    turns = [WRITE, finish()]
    async with workshop(project, turns, answer=lambda _: "once", hooks=settings) as shop:
        await shop.run()
    path = project / "fired.txt"
    assert (path.read_text().count("\n") if path.exists() else 0) == fired


async def test_a_slow_notification_keeps_no_question_from_the_person(project: Path) -> None:
    settings = hooks("Notification", "while ! test -e new.txt; do sleep 0.1; done; touch seen.txt")
    turns = [WRITE, finish()]
    async with workshop(project, turns, answer=lambda _: "once", hooks=settings) as shop:
        assert isinstance(await shop.run(), Finished)
    assert (project / "seen.txt").exists()


async def test_hooks_that_change_a_call_in_different_ways_have_a_person_decide(
    project: Path,
) -> None:
    def named(path: str) -> str:
        output = {"hookEventName": "PreToolUse", "updatedInput": {"path": path, "text": "x"}}
        return says({"hookSpecificOutput": output})

    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return "deny"

    settings = hooks("PreToolUse", named("a.txt"), named("b.txt"), matcher="write")
    mode = {"mode": "auto-edit"}
    async with workshop(
        project, [WRITE, finish()], answer=answer, permissions=mode, hooks=settings
    ) as shop:
        await shop.run()
    assert "different ways" in asked[0].summary
    assert not list(project.glob("?.txt"))


@pytest.mark.parametrize(
    ("matcher", "name", "argument"),
    [("Write", "Write", "file_path"), ("write", "write", "path"), ("Write|write", "write", "path")],
)
async def test_a_hook_is_told_in_the_words_of_its_matcher(
    project: Path, matcher: str, name: str, argument: str
) -> None:
    settings = hooks("PreToolUse", "cat > seen.json", matcher=matcher)
    async with workshop(project, [WRITE, finish()], hooks=settings) as shop:
        await shop.run()
    seen = json.loads((project / "seen.json").read_text())
    assert (seen["tool_name"], argument in seen["tool_input"]) == (name, True)


async def test_a_hook_of_the_users_waits_for_trust_in_what_a_checkout_has_it_run(
    project: Path,
) -> None:
    (project / "guard.sh").write_text("touch ran")
    settings = hooks("PreToolUse", "sh guard.sh", matcher="write")
    turns = [WRITE, finish()] * 2
    async with workshop(
        project, turns, answer=lambda _: "deny", permissions={"mode": "auto-edit"}, hooks=settings
    ) as shop:
        await shop.run()
        assert not (project / "ran").exists()
        assert not (project / "new.txt").exists(), "a guard that is not run lets nothing pass"
        (item,) = await shop.session.trust.waiting()
        assert "touch ran" in item.detail
        await shop.session.trust.decide([item], trusted=True)
        await shop.run()
        assert (project / "ran").exists()
        assert (project / "new.txt").exists()


@pytest.mark.parametrize("event", ["PostToolUse", "Stop"])
async def test_what_a_hook_changes_is_taken_back_with_the_run(project: Path, event: str) -> None:
    (project / "app.py").write_text("x=1\n")
    settings = hooks(event, "echo 'x = 1' > app.py; echo more >> new.txt; touch made.txt")
    async with workshop(project, [WRITE, finish()], hooks=settings) as shop:
        await shop.run()
        assert (project / "new.txt").read_text() == "made\nmore\n"
        if event == "PostToolUse":
            assert "[changed by a hook: app.py, made.txt, new.txt]" in prompts_of(shop)
        report = await shop.session.undo()
    assert not report.conflicts
    assert [path.name for path in project.iterdir()] == ["app.py"]
    assert (project / "app.py").read_text() == "x=1\n"


async def test_hooks_are_there_when_the_prompt_is_made_anew(project: Path) -> None:
    settings = {
        **hooks("PreCompact", "cat >> before.jsonl; echo >> before.jsonl", matcher="auto"),
        **hooks("SessionStart", "echo the branch is feature-7"),
    }
    (project / "long.txt").write_text("a long line of a long file\n" * 300)
    reads = [calls(("read", {"path": "long.txt", "start_line": n + 1})) for n in range(12)]
    async with workshop(
        project, [*reads, finish()], context={"budget_tokens": 8000}, hooks=settings
    ) as shop:
        await shop.run()
        assert "feature-7" in prompts_of(shop), "what a hook said of the session outlives a cycle"
        cycles = len(shop.events(CycleStarted))
    lines = (project / "before.jsonl").read_text().splitlines()
    before = [json.loads(line) for line in lines if line]
    assert cycles > 1
    assert [one["trigger"] for one in before] == ["auto"] * (cycles - 1)


async def test_a_broken_hook_is_told_once_whatever_it_says(project: Path) -> None:
    settings = hooks("PostToolUse", "date +%N >&2; exit 1")
    reads = [calls(("list", {"path": f"{n}"})) for n in "abc"]
    for n in "abc":
        (project / n).mkdir()
    async with workshop(project, [*reads, finish()], hooks=settings) as shop:
        await shop.run()
        assert [one.message.count("exit status 1") for one in shop.events(Warned)] == [1]


async def test_what_a_hook_prints_for_a_terminal_is_read_as_text(project: Path) -> None:
    settings = hooks("PreToolUse", r"printf '\033[31mnot\033[0m so\n' >&2; exit 2")
    async with workshop(project, [WRITE, finish()], hooks=settings) as shop:
        await shop.run()
        assert "a hook says: not so" in prompts_of(shop)


async def test_long_arguments_may_come_back_changed(project: Path) -> None:
    text = "\n".join(f"line {n * n}" for n in range(20_000))
    command = (
        "python3 -c \"import json, sys; given = json.load(sys.stdin)['tool_input']; "
        "given['path'] = 'other.txt'; "
        "print(json.dumps({'hookSpecificOutput': {'updatedInput': given}}))\""
    )
    turns = [calls(("write", {"path": "new.txt", "text": text})), finish()]
    async with workshop(
        project, turns, hooks=hooks("PreToolUse", command, matcher="write")
    ) as shop:
        await shop.run()
    assert (project / "other.txt").read_text() == text
