"""The wire of hooks, row by row: what a script says, and what becomes of the run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.fakes.faulty_server import FaultyServer
from tests.harness.command_line import YES, Ended, holdfast
from tests.harness.workshop import calls, finish, says

MAKE = calls(("shell", {"command": "echo made > made.txt"}))
KEEP = 'cat >> "$CLAUDE_PROJECT_DIR/seen.jsonl"; echo >> "$CLAUDE_PROJECT_DIR/seen.jsonl"; '
"""Keeps what the hook is given in the project, a line for each time."""


@dataclass(frozen=True)
class Seen:
    """What is left after a run: the folder, the events, and what the model read."""

    folder: Path
    ended: Ended
    requests: list[dict[str, Any]]

    @property
    def made(self) -> bool:
        return (self.folder / "made.txt").exists()

    @property
    def given(self) -> list[dict[str, Any]]:
        path = self.folder / "seen.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line]

    @property
    def read(self) -> str:
        """All that the model read in its last request."""
        return (
            json.dumps(self.requests[-1]["messages"], ensure_ascii=False) if self.requests else ""
        )

    @property
    def warned(self) -> list[str]:
        return [one["message"] for one in self.ended.events if one["kind"] == "warned"]

    @property
    def outcome(self) -> str:
        return str(self.ended.events[-1]["outcome"])


def entry(command: str, **more: object) -> dict[str, object]:
    return {"type": "command", "command": command, **more}


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def settings(hooks: dict[str, object], more: str = "") -> None:
    """Writes the hooks into the person's settings."""
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "holdfast"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{event} = {toml(groups)}" for event, groups in hooks.items()]
    (folder / "config.toml").write_text("[hooks]\n" + "\n".join(lines) + f"\n{more}\n")


async def run(
    project: Path,
    turns: Sequence[ScriptedTurn] = (MAKE, finish()),
    arguments: Sequence[str] = YES,
    **environment: str,
) -> Seen:
    async with FaultyServer(list(turns)) as server:
        model = {
            "HOLDFAST_MODEL__BASE_URL": server.base_url,
            "HOLDFAST_MODEL__NAME": "scripted",
            "HOLDFAST_GOAL__JUDGE_TASK": "false",
        }
        ended = await holdfast(
            "run", "--json", *arguments, "do it", folder=project, **model, **environment
        )
        return Seen(project, ended, [dict(one.body) for one in server.requests])


def says_json(value: object) -> str:
    return f"cat > /dev/null; cat <<'EOF'\n{json.dumps(value)}\nEOF"


def decides(decision: str, **more: object) -> str:
    return says_json(
        {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": decision,
                "permissionDecisionReason": "as I say",
                **more,
            }
        }
    )


@dataclass(frozen=True)
class Row:
    """A script of one event, and what holds after the run."""

    name: str
    event: str
    script: str
    holds: Callable[[Seen], bool]
    turns: Sequence[ScriptedTurn] = field(default=(MAKE, finish()))
    matcher: str = ""
    timeout: float = 30


def one_warning(word: str) -> Callable[[Seen], bool]:
    return lambda seen: sum(word in text for text in seen.warned) == 1


ROWS = (
    # Before a call: each exit status.
    Row(
        "pre: 0 says nothing", "PreToolUse", KEEP + "exit 0", lambda s: s.made and len(s.given) == 1
    ),
    Row("pre: 0 with text", "PreToolUse", "echo fine", lambda s: s.made and "fine" not in s.read),
    Row(
        "pre: 2 refuses, with its errors",
        "PreToolUse",
        "echo never >&2; exit 2",
        lambda s: not s.made and "never" in s.read,
        matcher="Bash",
    ),
    Row(
        "pre: 2 is a no whatever is printed",
        "PreToolUse",
        decides("allow") + "\necho never >&2\nexit 2",
        lambda s: not s.made and "never" in s.read,
        matcher="Bash",
    ),
    Row(
        "pre: another status, with errors, frees nothing",
        "PreToolUse",
        "echo oops >&2; exit 1",
        lambda s: not s.made and one_warning("oops")(s),
        matcher="Bash",
    ),
    # Before a call: decisions.
    Row("pre: allow", "PreToolUse", decides("allow"), lambda s: s.made),
    Row(
        "pre: deny",
        "PreToolUse",
        decides("deny"),
        lambda s: not s.made and "as I say" in s.read,
        matcher="Bash",
    ),
    Row(
        "pre: ask, where nobody can be asked",
        "PreToolUse",
        decides("ask"),
        lambda s: not s.made,
        matcher="Bash",
    ),
    Row(
        "pre: the older block",
        "PreToolUse",
        says_json({"decision": "block", "reason": "older words"}),
        lambda s: not s.made and "older words" in s.read,
        matcher="Bash",
    ),
    Row(
        "pre: the older approve",
        "PreToolUse",
        says_json({"decision": "approve"}),
        lambda s: s.made,
    ),
    Row(
        "pre: another call",
        "PreToolUse",
        decides("allow", updatedInput={"command": "echo other > other.txt"}),
        lambda s: not s.made and (s.folder / "other.txt").exists(),
        matcher="Bash",
    ),
    Row(
        "pre: another call without what it needs",
        "PreToolUse",
        decides("allow", updatedInput={"cmd": "echo other > other.txt"}),
        lambda s: not s.made and not (s.folder / "other.txt").exists(),
        matcher="Bash",
    ),
    Row(
        "pre: context",
        "PreToolUse",
        decides("allow", additionalContext="the moon is full"),
        lambda s: s.made and "the moon is full" in s.read,
        matcher="Bash",
    ),
    Row(
        "pre: an unknown decision frees nothing",
        "PreToolUse",
        decides("perhaps"),
        lambda s: not s.made,
        matcher="Bash",
    ),
    Row(
        "pre: continue false ends the run",
        "PreToolUse",
        says_json({"continue": False, "stopReason": "enough for today"}),
        lambda s: not s.made and s.outcome == "stopped" and "enough for today" in s.ended.output,
        matcher="Bash",
    ),
    Row(
        "pre: a message for the person",
        "PreToolUse",
        says_json({"systemMessage": "mind the gap"}),
        lambda s: s.made and one_warning("mind the gap")(s) and "mind the gap" not in s.read,
    ),
    # Before a call: what is broken.
    Row(
        "pre: too slow", "PreToolUse", "sleep 60", lambda s: not s.made, matcher="Bash", timeout=0.5
    ),
    Row("pre: killed", "PreToolUse", "kill -9 $$", lambda s: not s.made, matcher="Bash"),
    Row(
        "pre: half of an object",
        "PreToolUse",
        """echo '{"hookSpecificOutput": {'""",
        lambda s: not s.made,
        matcher="Bash",
    ),
    Row("pre: an array", "PreToolUse", "echo '[1, 2]'", lambda s: s.made),
    Row(
        "pre: a flood, then a no",
        "PreToolUse",
        "head -c 50000000 /dev/zero | tr '\\0' x; echo never >&2; exit 2",
        lambda s: not s.made and "never" in s.read and len(s.read) < 200_000,
        matcher="Bash",
    ),
    Row(
        "pre: a flood of errors",
        "PreToolUse",
        "head -c 50000000 /dev/zero | tr '\\0' x >&2; exit 2",
        lambda s: not s.made and len(s.read) < 200_000,
        matcher="Bash",
    ),
    Row(
        "pre: what it leaves behind is ended",
        "PreToolUse",
        'sleep 300 & echo $! > "$CLAUDE_PROJECT_DIR/pid"; exit 0',
        lambda s: s.made,
        matcher="Bash",
    ),
    Row(
        "pre: it makes files of its own for a while",
        "PreToolUse",
        'file=$(mktemp) && echo x > "$file" && exit 0; exit 2',
        lambda s: s.made,
        matcher="Bash",
    ),
    Row(
        "pre: odd bytes",
        "PreToolUse",
        "printf '\\377\\376 \\033[31mred\\n' >&2; exit 2",
        lambda s: not s.made and "red" in s.read and "\\u001b" not in s.read,
        matcher="Bash",
    ),
    # Matchers.
    Row("matcher: another tool", "PreToolUse", "exit 2", lambda s: s.made, matcher="Write|Edit"),
    Row("matcher: our name", "PreToolUse", "exit 2", lambda s: not s.made, matcher="shell"),
    Row("matcher: a star", "PreToolUse", "exit 2", lambda s: not s.made, matcher="*"),
    Row("matcher: a pattern", "PreToolUse", "exit 2", lambda s: not s.made, matcher="Ba.*|Read"),
    Row("matcher: no part of a name", "PreToolUse", "exit 2", lambda s: s.made, matcher="Bas"),
    Row("matcher: case counts", "PreToolUse", "exit 2", lambda s: s.made, matcher="bash"),
    # After a call.
    Row(
        "post: 2 says it to the model",
        "PostToolUse",
        "echo badly formatted >&2; exit 2",
        lambda s: s.made and "badly formatted" in s.read,
        matcher="Bash",
    ),
    Row(
        "post: block",
        "PostToolUse",
        says_json({"decision": "block", "reason": "look again"}),
        lambda s: s.made and "look again" in s.read,
        matcher="Bash",
    ),
    Row(
        "post: context",
        "PostToolUse",
        says_json(
            {
                "hookSpecificOutput": {
                    "hookEventName": "PostToolUse",
                    "additionalContext": "by the way",
                }
            }
        ),
        lambda s: s.made and "by the way" in s.read,
        matcher="Bash",
    ),
    Row(
        "post: it is told what came out",
        "PostToolUse",
        KEEP,
        lambda s: s.made and "tool_response" in s.given[0] and s.given[0]["tool_use_id"] != "",
        matcher="Bash",
    ),
    Row(
        "post: broken, and said once",
        "PostToolUse",
        "exit 3",
        lambda s: s.made and one_warning("exit status 3")(s) and s.outcome == "finished",
        turns=(MAKE, MAKE, finish()),
        matcher="Bash",
    ),
    Row(
        "post: continue false",
        "PostToolUse",
        says_json({"continue": False, "stopReason": "seen enough"}),
        lambda s: s.made and s.outcome == "stopped",
        matcher="Bash",
    ),
    # A task is given.
    Row(
        "prompt: text is added",
        "UserPromptSubmit",
        KEEP + "echo it is monday",
        lambda s: "it is monday" in s.read and s.given[0]["prompt"] == "do it",
    ),
    Row(
        "prompt: context is added",
        "UserPromptSubmit",
        says_json({"hookSpecificOutput": {"additionalContext": "it is friday"}}),
        lambda s: "it is friday" in s.read,
    ),
    Row(
        "prompt: 2 refuses",
        "UserPromptSubmit",
        "echo not this >&2; exit 2",
        lambda s: not s.made and not s.requests and "not this" in s.ended.output,
    ),
    Row(
        "prompt: block refuses",
        "UserPromptSubmit",
        says_json({"decision": "block", "reason": "nor this"}),
        lambda s: not s.made and not s.requests and "nor this" in s.ended.output,
    ),
    # A run begins.
    Row(
        "start: text is added",
        "SessionStart",
        KEEP + "echo the branch is main",
        lambda s: "the branch is main" in s.read and s.given[0]["source"] == "startup",
    ),
    Row(
        "start: for another source",
        "SessionStart",
        "echo no",
        lambda s: "echo no" not in s.read and '"no"' not in s.read and "A hook" not in s.read,
        matcher="resume",
    ),
    Row(
        "start: 2 keeps nothing from it",
        "SessionStart",
        "echo hm >&2; exit 2",
        lambda s: s.made and one_warning("hm")(s),
    ),
    # A run wants to end.
    Row(
        "stop: 2 sends it back",
        "Stop",
        KEEP + 'test -e "$CLAUDE_PROJECT_DIR/made.txt" || { echo make it >&2; exit 2; }',
        lambda s: s.made and [one["stop_hook_active"] for one in s.given] == [False, True],
        turns=(finish(), MAKE, finish()),
    ),
    Row(
        "stop: block sends it back",
        "Stop",
        'test -e "$CLAUDE_PROJECT_DIR/made.txt" || echo \'{"decision": "block", "reason": "make it"}\'',
        lambda s: s.made and "make it" in s.read and s.outcome == "finished",
        turns=(says("done"), MAKE, finish()),
    ),
    Row(
        "stop: never for ever",
        "Stop",
        "echo again >&2; exit 2",
        lambda s: s.outcome in ("finished", "stopped"),
        turns=(finish(),) * 40,
    ),
    Row(
        "stop: broken",
        "Stop",
        "exit 127",
        lambda s: s.outcome == "finished",
        turns=(MAKE, finish()),
    ),
    # A person is asked.
    Row(
        "notification: 2 keeps nothing from it",
        "Notification",
        "exit 2",
        lambda s: s.outcome == "finished",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_hook_says(row: Row, project: Path) -> None:
    group = {"matcher": row.matcher, "hooks": [entry(row.script, timeout=row.timeout)]}
    settings({row.event: [group]})
    seen = await run(project, row.turns)
    assert row.holds(seen), (seen.given, seen.warned, seen.ended.errors, seen.ended.output[-3000:])
