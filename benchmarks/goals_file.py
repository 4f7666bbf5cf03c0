"""A thousand goals in one file: what reading, publishing and typing cost.

The first table is measured in process; the second types into the open goals
file of a real server and asks it something after each key, as an editor does.

    python -m benchmarks.goals_file [--goals 1000] [--json FILE]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.table import Row, arguments, show
from lsp_server.domain.edits import apply_edits
from lsp_server.domain.goals import ConditionReport, Evidence
from lsp_server.goals.document_edits import write_back
from lsp_server.goals.goals_document import parse_goals
from lsp_server.server.folders import Folder
from lsp_server.server.views import goal_view
from lsp_server.session.goals import Goals
from lsp_server.session.goals.check_approvals import CheckApprovals
from lsp_server.session.goals.verdict_store import VerdictStore
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from tests.data import clients
from tests.fakes.lsp_client import started

REPEATS = 30
KEYS = 60


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--goals", type=int, default=1000)
    options = parser.parse_args()
    text = goals_text(options.goals)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        rows = asyncio.run(in_process(folder, text))
        typed = asyncio.run(typing(folder, text))
    lines = text.count("\n")
    title = f"{options.goals} goals, {2 * options.goals} conditions, {lines} lines: milliseconds"
    show(title, rows, options.json)
    show(f"Typing {KEYS} keys into it, a request after each: milliseconds", typed)
    return 0


def goals_text(count: int) -> str:
    return "".join(
        f"## Goal {n} 🙂\n- [ ] 漢字 condition {n} holds\n  - check: `test -e made{n}`\n"
        f"- [{'x' if n % 3 else ' '}] it reads well {n}\n\nSome words about {n}.\n\n"
        for n in range(count)
    )


async def in_process(root: Path, text: str) -> list[Row]:
    path = root / ".holdfast" / "goals.md"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    contract = parse_goals(text)
    shown = (Evidence("e", "x", True, "ok\n" * 50, 0.1, "t", "2026-01-01T00:00:00", 0),)
    reports = {
        entry.condition.id: ConditionReport(
            entry.condition, "met" if n % 2 else "unmet", "x", shown
        )
        for n, entry in enumerate(contract.entries)
    }
    documents = Documents()

    async def contents() -> dict[str, str]:
        return {}

    verdict_store = VerdictStore(root / "ledger" / "goals.json")
    approvals = CheckApprovals(root / "approved-checks.json", Workspace(root))
    editor = DiskEditor(documents)
    no_verifier: Any = None  # Nothing is checked here.
    goals = Goals(
        root, documents, editor, verdict_store, approvals, contents, no_verifier, lambda: None
    )
    folder = Folder(root.as_uri(), root, documents)
    documents.open(path, text)
    rows = [
        row("parse", lambda: parse_goals(text)),
        row("write back all verdicts", lambda: apply_edits(text, write_back(contract, reports))),
        row("keep all verdicts", lambda: verdict_store.record(reports, "t")),
        row("conditions with verdicts", goals.statuses.conditions),
        row("counts for the status", goals.statuses.counts),
        row(
            "diagnostics",
            lambda: list(goal_view.diagnostics(folder, goals, "utf-16", related=True)),
        ),
    ]
    await goals.close()
    return rows


def row(name: str, work: Callable[[], object]) -> Row:
    """Median and worst of some repeats, in milliseconds."""
    times = []
    for _ in range(REPEATS):
        started_at = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started_at))
    return {"what": name, "median": statistics.median(times), "worst": max(times)}


async def typing(root: Path, text: str) -> list[Row]:
    path = root / ".holdfast" / "goals.md"
    declared = clients.snapshot("vscode")["initialize"]["capabilities"]
    environment = {"XDG_DATA_HOME": str(root / "data"), "HOLDFAST_MODEL__BASE_URL": NOWHERE}
    async with started(environment=environment) as client:
        await client.initialize(root, declared)
        buffer = client.open(path)
        await client.wait_for(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and len(m["params"]["diagnostics"]) > 1
            ),
            "the diagnostics",
        )
        answers, actions = [], []
        place = {"line": 4, "character": 0}
        for number in range(KEYS):
            client.change(buffer, text + "- [ ] " + "x" * number)
            begun = time.perf_counter()
            await client.command("holdfast.status")
            answers.append(1000 * (time.perf_counter() - begun))
            begun = time.perf_counter()
            await client.request(
                "textDocument/codeAction",
                {
                    "textDocument": {"uri": buffer.uri},
                    "range": {"start": place, "end": place},
                    "context": {"diagnostics": []},
                },
            )
            actions.append(1000 * (time.perf_counter() - begun))
            await asyncio.sleep(0.1)  # A fast typist.
    return [percentiles("status", answers), percentiles("code actions", actions)]


def percentiles(name: str, times: list[float]) -> Row:
    ordered = sorted(times)
    return {
        "request": name,
        "median": statistics.median(ordered),
        "p99": ordered[round(0.99 * (len(ordered) - 1))],
    }


NOWHERE = "http://127.0.0.1:9/v1"

if __name__ == "__main__":
    sys.exit(main())
