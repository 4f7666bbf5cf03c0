"""What public agents cost beside Holdfast: the same scripted steps, each by its own shell tool.

The model answers at once, so what is left is the runtime: its start, the time between an answer
and the next request, processor, memory, and the bytes that it sends. Each client that is installed
does the same steps on a copy of the same repository, in turns, with a home of its own; questions
and telemetry are off. A scripted model neither thinks nor errs, so this says nothing about how good
an agent's work is. Codex and Claude Code speak their own wires, the others chat completions. Tokens
are bytes / 4.

`--programs` is a folder in which they were installed:

    npm install @openai/codex @anthropic-ai/claude-code @mariozechner/pi-coding-agent opencode-ai
    python3 -m venv mini && mini/bin/pip install mini-swe-agent mcp

    python -m benchmarks.peers --programs FOLDER [--only codex,pi] [--steps 50] [--rounds 3]
                               [--json FILE]
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks import clients
from benchmarks.step_overhead import (
    ALONE,
    BARE_LOOP,
    CYCLE,
    HOLDFAST,
    MARKER,
    WINDOW_LINES,
    Measured,
    figures,
    make_repository,
    tree_use,
)
from benchmarks.table import Row, arguments, show
from lsp_server.models.scripted.scenario import ScriptedCall, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer

TASK = "Do the steps."
MODEL = "scripted"
WINDOW_TOKENS = 131_072
SECONDS_MAX = 1800.0
SHOWN = ("first request s", "ms/step", "CPU ms/step", "peak RSS MB", "exit s", "wall s")
NO_KEY = "none"
DONE = ScriptedTurn(text="All steps are done.")

Settings: TypeAlias = Callable[[Path, str], Mapping[str, str]]
"""Writes a client's settings into a home folder, for an address; its environment variables."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A client: how it is called, what it calls its shell, and the answer that ends its task.

    In its `command` stands `{base_url}` for the address of the model.
    """

    name: str
    program: str
    command: tuple[str, ...]
    settings: Settings
    shell: str
    argument: str = "command"
    ending: ScriptedTurn = DONE


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--programs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", default="", metavar="NAMES")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    wanted = set(filter(None, options.only.split(",")))
    chosen = [
        peer
        for peer in peers(options.programs.resolve())
        if Path(peer.program).exists() and (not wanted or peer.name in wanted)
    ]
    with tempfile.TemporaryDirectory() as temporary:
        rows = asyncio.run(measure(Path(temporary), chosen, options.steps, options.rounds))
    title = f"{options.steps} steps by shell, model time 0, medians of {options.rounds}"
    show(f"{title}; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", rows, options.json)
    return 0


def peers(programs: Path) -> Iterator[Peer]:
    """The clients that this benchmark knows, installed or not."""
    node, mini = programs / "node_modules" / ".bin", programs / "mini" / "bin" / "mini"
    finish = _call("finish", "summary", DONE.text)
    floor = (*BARE_LOOP.command[1:], "{base_url}")
    yield Peer("bare loop", sys.executable, floor, _nothing, "shell", ending=finish)
    ours = (*HOLDFAST[1:], "run", *ALONE, TASK)
    for name, memory in (("holdfast, memory off", False), ("holdfast, memory on", True)):
        yield Peer(name, sys.executable, ours, _holdfast(memory=memory), "shell", ending=finish)
    codex = ("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", TASK)
    yield Peer("codex", str(node / "codex"), codex, _codex, "exec_command", "cmd")
    claude = ("-p", TASK, "--dangerously-skip-permissions")
    yield Peer("claude-code", str(node / "claude"), claude, _claude_code, "Bash")
    yield Peer(
        "pi", str(node / "pi"), ("--provider", "bench", "--model", MODEL, "-p", TASK), _pi, "bash"
    )
    yield Peer("opencode", str(node / "opencode"), ("run", TASK), _opencode, "bash")
    submit = _call("bash", "command", "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
    swe = ("-t", TASK, "-y", "--exit-immediately", "-m", f"openai/{MODEL}")
    yield Peer("mini-swe-agent", str(mini), swe, _mini, "bash", ending=submit)


async def measure(folder: Path, chosen: list[Peer], steps: int, rounds: int) -> list[Row]:
    """One row for each client; each begins each round with a fresh copy, at the same place."""
    template = make_repository(folder / "template")
    found: dict[str, list[tuple[Measured, int, int]]] = {peer.name: [] for peer in chosen}
    for _ in range(rounds):
        for peer in chosen:
            work = folder / "work"
            shutil.copytree(template, work / "repository")
            (work / "home").mkdir()
            found[peer.name].append(await run(peer, work, steps))
            shutil.rmtree(work)
    return [_row(name, each) for name, each in found.items()]


async def run(peer: Peer, work: Path, steps: int) -> tuple[Measured, int, int]:
    """Lets a client do the steps; what it took, and the tokens that it sent at first and in all."""
    repository, home = work / "repository", work / "home"
    script = Script(peer, repository, steps)
    async with ScriptedServer(script) as server:
        variables = {**_bare_environment(home), **peer.settings(home, server.base_url)}
        started = time.monotonic()
        with (work / "output").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                peer.program,
                *(part.format(base_url=server.base_url) for part in peer.command),
                cwd=repository,
                env=variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            try:
                async with asyncio.timeout(SECONDS_MAX):
                    peak, cpu_seconds = await tree_use(process)
            finally:
                if process.returncode is None:
                    process.kill()
        wall = time.monotonic() - started
        said = (work / "output").read_text("utf-8", "replace")[-2000:]
        asked = [one for one in server.requests if script.is_step(one.body)]
        arrivals = tuple(one.at_seconds for one in asked)
        tokens = [len(one.raw) // 4 for one in asked]
    count = (repository / MARKER).read_text()
    if count != f"count: {steps // CYCLE}\n" or len(arrivals) <= steps:
        raise SystemExit(f"{peer.name} did {len(arrivals)} of {steps} steps, and said:\n{said}")
    return Measured(arrivals, peak, cpu_seconds, wall), tokens[0], sum(tokens)


class Script:
    """The steps for one client: eight looks of about 3 KB, a look at the marker, an edit of it."""

    def __init__(self, peer: Peer, repository: Path, steps: int) -> None:
        self._peer = peer
        self._files = sorted(
            path.relative_to(repository).as_posix()
            for path in repository.rglob("*.py")
            if len(path.read_text("utf-8").splitlines()) > 4 * WINDOW_LINES
        )
        self._commands = iter([self._command(step) for step in range(steps)])

    def __call__(self, body: Mapping[str, Any]) -> ScriptedTurn:
        if not self.is_step(body):
            return ScriptedTurn(text="The steps")  # A title or a summary.
        command = next(self._commands, "")
        return (
            _call(self._peer.shell, self._peer.argument, command) if command else self._peer.ending
        )

    def is_step(self, body: Mapping[str, Any]) -> bool:
        """Says whether a request is of the task itself, so that it brings the shell.

        The bare loop names no tools.
        """
        tools = json.dumps(body.get("tools", ""))
        return self._peer.settings is _nothing or f'"{self._peer.shell}"' in tools

    def _command(self, step: int) -> str:
        file = shlex.quote(self._files[step % len(self._files)])
        start = 1 + (step * 37) % (3 * WINDOW_LINES)
        count = step // CYCLE
        match step % CYCLE:
            case 8:
                return f"cat {MARKER}"
            case 9:
                return f"sed -i 's/count: {count}/count: {count + 1}/' {MARKER}"
            case _:
                return f"sed -n {start},{start + WINDOW_LINES}p {file}"


def _call(name: str, argument: str, value: str) -> ScriptedTurn:
    return ScriptedTurn(tool_calls=(ScriptedCall(name=name, arguments={argument: value}),))


def _bare_environment(home: Path) -> dict[str, str]:
    """A home of its own, and nothing of what this process knows but where programs are."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}
    folders = {
        f"XDG_{name}_HOME": str(home / name.lower())
        for name in ("CONFIG", "DATA", "CACHE", "STATE")
    }
    return {**kept, **folders, "HOME": str(home), "DO_NOT_TRACK": "1"}


def _nothing(home: Path, base_url: str) -> Mapping[str, str]:
    del home, base_url
    return {}


def _holdfast(*, memory: bool) -> Settings:
    def settings(home: Path, base_url: str) -> Mapping[str, str]:
        own = clients.environment(base_url, home)
        return {**own, "HOLDFAST_MEMORY__ENABLED": str(memory).lower()}

    return settings


def _codex(home: Path, base_url: str) -> Mapping[str, str]:
    written = f"""
model = "{MODEL}"
model_provider = "bench"
model_context_window = {WINDOW_TOKENS}
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.bench]
name = "bench"
base_url = "{base_url}"
wire_api = "responses"
env_key = "BENCH_KEY"
"""
    _write(home / "codex" / "config.toml", written)
    return {"CODEX_HOME": str(home / "codex"), "BENCH_KEY": NO_KEY}


def _claude_code(home: Path, base_url: str) -> Mapping[str, str]:
    del home
    return {
        "ANTHROPIC_BASE_URL": base_url.removesuffix("/v1"),
        "ANTHROPIC_API_KEY": NO_KEY,
        "ANTHROPIC_MODEL": MODEL,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "IS_SANDBOX": "1",  # It refuses to go without questions as root otherwise.
    }


def _pi(home: Path, base_url: str) -> Mapping[str, str]:
    model = {"id": MODEL, "name": MODEL, "contextWindow": WINDOW_TOKENS, "maxTokens": 8192}
    provider = {
        "baseUrl": base_url,
        "apiKey": NO_KEY,
        "api": "openai-completions",
        "models": [model],
    }
    _write(home / ".pi" / "agent" / "models.json", json.dumps({"providers": {"bench": provider}}))
    return {"PI_SKIP_VERSION_CHECK": "1", "PI_OFFLINE": "1"}


def _opencode(home: Path, base_url: str) -> Mapping[str, str]:
    limit = {"context": WINDOW_TOKENS, "output": 8192}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": base_url, "apiKey": NO_KEY},
        "models": {MODEL: {"name": MODEL, "limit": limit}},
    }
    settings = {
        "model": f"bench/{MODEL}",
        "small_model": f"bench/{MODEL}",
        "provider": {"bench": provider},
        "autoupdate": False,
        "share": "disabled",
        "permission": "allow",
    }
    _write(home / "opencode.json", json.dumps(settings))
    return {"OPENCODE_CONFIG": str(home / "opencode.json"), "OPENCODE_DISABLE_MODELS_FETCH": "1"}


def _mini(home: Path, base_url: str) -> Mapping[str, str]:
    return {
        "MSWEA_GLOBAL_CONFIG_DIR": str(home / "mini"),
        "MSWEA_CONFIGURED": "true",
        "MSWEA_COST_TRACKING": "ignore_errors",
        "MSWEA_SILENT_STARTUP": "1",
        "OPENAI_API_BASE": base_url,
        "OPENAI_API_KEY": NO_KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _row(name: str, each: list[tuple[Measured, int, int]]) -> Row:
    taken = [figures(measured) for measured, _, _ in each]
    return {
        "client": name,
        **{what: statistics.median(one[what] for one in taken) for what in SHOWN},
        "fixed tokens": statistics.median(first for _, first, _ in each),
        "tokens sent": statistics.median(total for _, _, total in each),
    }


if __name__ == "__main__":
    sys.exit(main())
