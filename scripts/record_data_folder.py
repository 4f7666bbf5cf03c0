"""Records what this version leaves on disk, for the tests of the versions after it.

    python -m scripts.record_data_folder

Real `holdfast` processes do runs on a small project in a scratch folder, with a scripted
model on loopback. The user's folders, the project as it was before and as it is then, and
what this version itself says of it go into `tests/recorded/VERSION.tar.gz`, which
`tests/end_to_end/test_recorded_data.py` opens. Exit status 1 says that some kind of Event
stands in no journal. An archive that is there stays: it is what users of that version have.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from lsp_server import __version__
from lsp_server.domain.events import Event
from scripts import recorded_runs as runs
from tests.data import clients
from tests.fakes import lsp_client
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.lsp_client import LspClient
from tests.harness.command_line import Ended, holdfast, started
from tests.harness.expectation import until
from tests.harness.git import committed

ARCHIVES = Path(__file__).parents[1] / "tests" / "recorded"
CAPABILITIES = clients.snapshot("vscode")["initialize"]["capabilities"]
EPHEMERAL = "streamed"
"""The kind of Event that no journal keeps."""


@dataclass
class Recording:
    """The scratch folder `root`, and the `ids` of the runs by the names that tests know them by."""

    root: Path
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return self.root / "project"

    async def run(
        self,
        name: str,
        script: runs.Script,
        *arguments: str,
        status: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """One run to its end, or one of these runs taken up again."""
        async with FaultyServer(script) as model:
            more = {**_endpoint(model), **(environment or {})}
            ended = await self._ended(("run", "--json", *arguments), status, more)
        self.ids[name] = ended.events[-1]["run_id"]

    async def command(self, *arguments: str, status: int = 0) -> Ended:
        """Any other command."""
        return await self._ended(arguments, status, {})

    async def _ended(
        self, arguments: Sequence[str], status: int, environment: Mapping[str, str]
    ) -> Ended:
        ended = await holdfast(*arguments, folder=self.project, **environment)
        if ended.status != status:
            sys.exit(
                f"{arguments} ended with {ended.status}:\n{ended.output[-2000:]}{ended.errors}"
            )
        return ended

    @asynccontextmanager
    async def editor(self, script: runs.Script = ()) -> AsyncIterator[LspClient]:
        """An editor that shows what it is asked and leaves the answer to commands."""
        answers = {"window/showMessageRequest": lsp_client.silent}
        async with FaultyServer(script) as model:
            environment = _endpoint(model)
            async with lsp_client.started(environment=environment, answers=answers) as client:
                await client.initialize(self.project, CAPABILITIES)
                await client.command("holdfast.status")
                yield client
                await client.shutdown()


def _endpoint(model: FaultyServer) -> dict[str, str]:
    return {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "recorded"}


async def record(recording: Recording) -> None:
    """Everything, in an order in which no run touches what another one has to take back."""
    await in_a_terminal(recording)
    await in_an_editor(recording)
    await killed(recording)
    await recording.command("index")
    await recording.command("remember", runs.FACT)
    await recording.command("goals", "--check", "--yes", status=1)
    await say(recording)


async def in_a_terminal(recording: Recording) -> None:
    await recording.command("remember", "Conversions are tested at 100 °C.")
    await recording.run("achieved", runs.ACHIEVED, "--yes")
    await recording.run("undone", runs.UNDONE, "Write down what you regret", "--yes", status=5)
    await recording.command("undo", recording.ids["undone"])
    await recording.run("planned", runs.PLANNED, "How would kelvin be added?", "--plan", status=5)
    await recording.run("denied", runs.DENIED, "Touch a file", status=4)
    await recording.run("failed", runs.FAILED, "Fail", status=1)
    never = ("--goal", "It never holds", "--check", "false")
    await recording.run("unmet", runs.UNMET, "Try", *never, "--yes", status=3)
    small = runs.SMALL_PROMPT
    await recording.run("cycles", runs.cycles(), "Count", "--yes", status=5, environment=small)
    await recording.run("judged", runs.judged(), "Choose a way", "--yes", "--max", status=5)
    blue = ("--goal", "The right blue is used")
    await recording.run("blocked", runs.blocked, "Colour it", *blue, "--yes", status=4)
    await recording.run(
        "blocked", runs.blocked, "--resume", recording.ids["blocked"], "Navy.", "--yes"
    )


async def in_an_editor(recording: Recording) -> None:
    await selected(recording)
    await steered(recording)
    await stopped(recording)
    for name in ("accepted", "proposed"):
        async with recording.editor(runs.proposed(f"{name}.txt")) as client:
            asked = {"prompt": f"Propose a text: {name}.", "samples": 3}
            recording.ids[name] = await start(client, "holdfast.max.propose", asked)
            await happened(client, "run_ended")
            if name == "accepted":
                chosen = {"proposalId": recording.ids[name], "candidate": 2}
                await client.command("holdfast.max.accept", chosen)
                await happened(client, "run_ended", count=2)


async def selected(recording: Recording) -> None:
    """Code and a problem are pointed at; a condition is waived, and a check may run from now on."""
    async with recording.editor(runs.SELECTED) as client:
        span = {"start": {"line": 3, "character": 0}, "end": {"line": 4, "character": 0}}
        wrong = {"range": span, "message": "5 / 9 looks odd", "severity": 2, "source": "lint"}
        uri = client.open(recording.project / "convert.py").uri
        asked = {"prompt": "Look at this.", "uri": uri, "range": span, "diagnostics": [wrong]}
        recording.ids["selected"] = await start(client, "holdfast.run.start", asked)
        await happened(client, "run_ended")
        await client.command("holdfast.goal.waive", {"condition": "Rankine is converted as well"})
        await client.command("holdfast.goal.check", {"goalId": "kelvin"})
        await client.wait_for_method("window/showMessageRequest")
        await client.command("holdfast.permission.answer", {"answer": "once"})
        await client.wait_for(lambda m: "1 unmet" in str(m.get("params")), "the verdict")


async def steered(recording: Recording) -> None:
    """A person says always, once and no, changes the course, and switches Max Mode on."""
    async with recording.editor(runs.STEERED) as client:
        asked = {"prompt": "Touch some files."}
        recording.ids["steered"] = await start(client, "holdfast.run.start", asked)
        for count, answer in enumerate(("always", "once", "deny"), start=1):
            await happened(client, "permission_asked", count=count)
            if answer == "once":
                await client.command("holdfast.run.send", {"text": "Be quick."})
                await client.command("holdfast.max.switch", {"to": "on", "samples": 2})
            await client.command("holdfast.permission.answer", {"answer": answer})
        await happened(client, "run_ended")


async def stopped(recording: Recording) -> None:
    async with recording.editor(runs.STOPPED) as client:
        asked = {"prompt": "Wait for me."}
        recording.ids["stopped"] = await start(client, "holdfast.run.start", asked)
        await happened(client, "permission_asked")
        await client.command("holdfast.run.stop")
        await happened(client, "run_ended")


async def start(client: LspClient, command: str, arguments: dict[str, Any]) -> str:
    run_id: str = (await client.command(command, arguments))["runId"]
    return run_id


async def happened(client: LspClient, kind: str, count: int = 1) -> None:
    """Returns when so many Events of a kind have come."""

    def is_one(message: lsp_client.Message) -> bool:
        return (
            message.get("method") == "holdfast/event" and message["params"]["event"]["kind"] == kind
        )

    await client.wait_for_all(is_one, count, f"{count} times {kind}")


async def killed(recording: Recording) -> None:
    """A run whose process dies in the middle of a command."""
    arguments = ("run", "--json", "--yes", "Measure and count")
    async with (
        FaultyServer(runs.INTERRUPTED) as model,
        started(*arguments, folder=recording.project, **_endpoint(model)) as process,
    ):
        assert process.stdout is not None
        first = json.loads(await process.stdout.readline())
        recording.ids["interrupted"] = first["run_id"]
        half = recording.project / "half.txt"
        await until(half.exists, "the command at work")
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def say(recording: Recording) -> None:
    """What this version says of it all, for a later one to say the same."""
    goals = await recording.command("goals", "--json", status=1)
    async with recording.editor() as client:
        listed = await client.command("holdfast.run.list")
    said = {
        "root": str(recording.root),
        "runs": recording.ids,
        "listed": listed["runs"],
        "goals": goals.events,
    }
    text = json.dumps(said, indent=1, ensure_ascii=False)
    (recording.root / "recorded.json").write_text(f"{text}\n", "utf-8")


def make_project(root: Path) -> None:
    """The project, a copy of it, and the user's settings."""
    for path, text in runs.PROJECT.items():
        file = root / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    committed(root / "project")
    shutil.rmtree(root / "project" / ".git" / "hooks", ignore_errors=True)
    shutil.copytree(root / "project", root / "before")
    settings = Path(os.environ["XDG_CONFIG_HOME"]) / "holdfast" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(runs.SETTINGS, "utf-8")


def become_another_user(home: Path) -> None:
    """For this process and all that it starts."""
    for name in list(os.environ):
        if name.startswith(("HOLDFAST_", "OPENAI_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    folders = ("CONFIG", "DATA", "CACHE", "STATE")
    os.environ |= {f"XDG_{name}_HOME": str(home / name.lower()) for name in folders}
    os.environ |= {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def kinds_in(root: Path) -> Iterator[str]:
    """The kind of each Event in all journals."""
    for journal in (root / "home" / "data").rglob("journal.jsonl"):
        for line in journal.read_text("utf-8").splitlines():
            yield json.loads(line)["event"]["kind"]


def report(root: Path, archive: Path) -> bool:
    """Prints what there is; whether every kind of Event that is kept is there."""
    counts = Counter(kinds_in(root))
    for kind, count in sorted(counts.items()):
        print(f"{count:5} {kind}")
    kept = {one.__dataclass_fields__["kind"].default for one in get_args(Event)} - {EPHEMERAL}
    missing = kept - counts.keys()
    files = [path for path in root.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"missing: {', '.join(sorted(missing)) or 'none'}")
    print(f"{len(files)} files, {size:,} bytes; {archive} {archive.stat().st_size:,} bytes")
    return not missing


def pack(root: Path, archive: Path) -> None:
    """The `.git` of the copy is left out: it is compared by its files."""
    shutil.rmtree(root / "before" / ".git")
    with tarfile.open(archive, "w:gz") as file:
        for path in sorted(root.iterdir()):
            file.add(path, path.name, filter=of_nobody)


def of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The entry without the names of whoever recorded it."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def main() -> int:
    archive = ARCHIVES / f"{__version__}.tar.gz"
    if archive.exists():
        sys.exit(f"{archive} is there; remove it only if nobody has used that version yet")
    with tempfile.TemporaryDirectory(prefix="holdfast-recorded-") as folder:
        root = Path(folder).resolve()
        become_another_user(root / "home")
        make_project(root)
        asyncio.run(record(Recording(root)))
        pack(root, archive)
        return 0 if report(root, archive) else 1


if __name__ == "__main__":
    sys.exit(main())
