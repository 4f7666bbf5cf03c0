"""A SIMULATION of eight weeks in a project: what is suggested for retirement, and in which week.

No language model takes part. Five runs a week are planted as journals with their dates; they are told the
facts, skills and commands that are kept by then. Some of these are used and help, some nobody uses, with
some runs fail, one is contradicted, and the file of one is renamed. After each week a process of its own
dreams, and what it suggests to retire is accepted. Journals, dreams, facts, skills and inbox are the real ones.

    python -m benchmarks.retirement_simulation [--json FILE]
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.table import Row, arguments, show
from lsp_server.evolution.suggestion import suggestion
from lsp_server.memory.made_facts import new_fact
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data.dated_runs import DatedRun
from tests.harness.command_line import holdfast

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
WEEKS, DAYS = 8, 5
WEEK_OF_FAILURES, WEEK_OF_CONTRADICTION, WEEK_OF_RENAMING = 3, 2, 6
UNUSED_WEEK = 5
"""In it the first run is 28 days ago."""

USED = "`make docs` writes `docs/index.md`."
UNUSED = "`make paint` colours the pages."
FAILING = "`src/paint.py` says how pages are coloured."
OLD_PORT, NEW_PORT = (f"The port of the server is {port}." for port in (8000, 9000))
OF_FILE = "Orders are parsed in `src/orders.py`."
THEIRS = "`make paint` is my favourite."


def skill(name: str) -> str:
    """Returns the path of a skill."""
    return f".holdfast/skills/{name}/SKILL.md"


def command(name: str) -> str:
    """Returns the path of a command."""
    return f".holdfast/commands/{name}.md"


GOOD_SKILL, IDLE_SKILL, BAD_SKILL = map(skill, ("write", "idle", "bad"))
GOOD_COMMAND, IDLE_COMMAND = map(command, ("tidy", "polish"))
THEIR_SKILL = skill("theirs")
STAYS = frozenset({USED, NEW_PORT, THEIRS, GOOD_SKILL, GOOD_COMMAND, THEIR_SKILL})
DUE = {
    WEEK_OF_CONTRADICTION: frozenset({OLD_PORT}),
    WEEK_OF_FAILURES: frozenset({FAILING, BAD_SKILL}),
    UNUSED_WEEK: frozenset({UNUSED, IDLE_SKILL, IDLE_COMMAND}),
    WEEK_OF_RENAMING: frozenset({OF_FILE}),
}
"""What is to be retired in which week; in all others nothing."""
NAMED_ONLY = {UNUSED_WEEK: frozenset({THEIR_SKILL})}


@dataclass(frozen=True)
class Week:
    """What a week's dream suggested to retire, and named only; `told` is what runs were told in it."""

    number: int
    told: frozenset[str]
    retired: frozenset[str]
    named: frozenset[str]
    ids: tuple[str, ...]


def main() -> int:
    """Prints what was suggested in each week, and what should have been."""
    options = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ |= {"XDG_DATA_HOME": f"{temporary}/data", "XDG_CONFIG_HOME": temporary}
        weeks = asyncio.run(simulated(Path(temporary) / "project"))
    show("SIMULATION: eight weeks of planted runs", [_row(week) for week in weeks], options.json)
    return 0


async def simulated(project: Path) -> list[Week]:
    """Works for eight weeks in a new project."""
    lay_out(project)
    return [await _week(project, number) for number in range(1, WEEKS + 1)]


def lay_out(project: Path) -> None:
    """Writes the project, its facts, and its skills and commands as Holdfast made them."""
    files = {"Makefile": "docs paint:\n\t@true\n", "src/paint.py": "", "src/orders.py": ""}
    files |= {"docs/index.md": "", THEIR_SKILL: _text(THEIR_SKILL)}
    made = (GOOD_SKILL, IDLE_SKILL, BAD_SKILL, GOOD_COMMAND, IDLE_COMMAND)
    for path, text in (files | {path: _text(path) for path in made}).items():
        place = project / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        os.utime(place, (BEGIN.timestamp(), BEGIN.timestamp()))
    data = workspace_folder(data_folder(), project)
    for text in (USED, UNUSED, FAILING, OLD_PORT, OF_FILE):
        FactFile(data).add(replace(new_fact(text, "runs", "runs: a"), at=BEGIN.isoformat()))
    FactFile(data).add(new_fact(THEIRS, "person"))
    (data / "evolution").mkdir(parents=True)
    lines = [json.dumps(asdict(_accepted(path))) for path in made]
    (data / "evolution/inbox.jsonl").write_text("".join(f"{line}\n" for line in lines))


def kept(project: Path) -> frozenset[str]:
    """Returns the facts that runs are told, and the skills and commands that are there."""
    facts = FactFile(workspace_folder(data_folder(), project)).facts()
    files = (project / ".holdfast").rglob("*.md")
    paths = {path.relative_to(project).as_posix() for path in files} - {".holdfast/inbox.md"}
    return frozenset({one.text for one in facts if one.trusted} | paths)


async def _week(project: Path, number: int) -> Week:
    data = workspace_folder(data_folder(), project)
    if number == WEEK_OF_CONTRADICTION:
        FactFile(data).add(new_fact(NEW_PORT, "runs", "runs: b"))
    told = kept(project)
    ids = {one.text: one.id for one in FactFile(data).facts()}
    for run in _runs(number, told, [ids[text] for text in told & ids.keys()]):
        run.write(data / "runs", project)
    if number == WEEK_OF_RENAMING:
        (project / "src/orders.py").rename(project / "src/order_list.py")
    found = (await holdfast("dream", "--json", folder=project)).events
    retired = [one for one in found if one["kind"].startswith("retire")]
    if accepted := [one["id"] for one in retired]:
        done = await holdfast("inbox", "accept", *accepted, folder=project)
        assert done.status == 0, done
    named = [one for one in found if one["kind"].startswith("review")]
    return Week(number, told, _names(retired), _names(named), tuple(accepted))


def _runs(number: int, told: Collection[str], ids: Collection[str]) -> Iterator[DatedRun]:
    """The runs of a week: the good things are used now and then, the bad ones when all goes wrong."""
    for day in range(DAYS):
        at = BEGIN + timedelta(days=7 * (number - 1) + day)
        run = DatedRun(at, told=ids)
        if number == WEEK_OF_FAILURES and day < DAYS - 1:
            loads = ["bad"] if BAD_SKILL in told else []
            run = replace(run, reads=["src/paint.py"], skills=loads, goes_well=False)
        elif day == DAYS - 1:
            reads = ["src/orders.py"] if OF_FILE in told else []
            run = replace(run, commands=["make docs"], reads=reads, skills=["write"])
        elif day == 0:
            run = replace(run, task="Tidy up.\n\nthe docs, please")
        yield run


def _text(path: str) -> str:
    name = Path(path).parent.name if path.endswith("SKILL.md") else Path(path).stem
    body = "Tidy up.\n\n$ARGUMENTS" if path == GOOD_COMMAND else f"It is about {name}."
    return f"---\nname: {name}\ndescription: What {name} is for.\n---\n\n{body}\n"


def _accepted(path: str) -> Any:
    kind = "keep_command" if "/commands/" in path else "keep_skill"
    one = suggestion(kind, _text(path), "seen", target=path)  # type: ignore[arg-type]
    return replace(one, state="accepted", applied=_text(path), path=path)


def _names(suggestions: Collection[dict[str, Any]]) -> frozenset[str]:
    return frozenset(one["path"] or one["text"] for one in suggestions)


def _row(week: Week) -> Row:
    due = DUE.get(week.number, frozenset())
    return {
        "week": week.number,
        "told": len(week.told),
        "to retire": len(due),
        "retired rightly": len(week.retired & due),
        "wrongly": len(week.retired - due),
        "yours, named only": len(week.named),
    }


if __name__ == "__main__":
    sys.exit(main())
