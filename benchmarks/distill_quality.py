"""A SIMULATION of what distilling sixty past runs is good for: what it finds, keeps, and what that saves.

No language model takes part. The journals are planted, and are those of `dream_quality`: five procedures
that recur, among them work of one run or two, a procedure that fails, one that is seldom finished, and
texts that ask to be remembered. A scripted model words the drafts: usefully, uselessly, wrongly and
harmfully. A scripted agent does past tasks again, with each draft and without, and then works on: told
nothing it looks around and tries, offered a skill it does what this says, to the letter. Journals, replays,
sandbox, inbox and skills are the real ones.

    python -m benchmarks.distill_quality [--seeds 1] [--turns 2] [--json FILE]

In each turn the model words the five drafts in other ways; two turns have each way at least once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.table import Row, arguments, show
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data.past_procedures import ONE_OFFS, PROCEDURES, PRODUCTS, task_of
from tests.data.past_runs import RUNS, plant
from tests.harness.planted_work import WORDS, Words, wording, worker
from tests.harness.workshop import Workshop, workshop

TOKENS = 100_000_000


@dataclass(frozen=True)
class Tried:
    """What became of a draft: whether it was kept, with the words of a model or without."""

    words: Words
    kept_worded: bool
    kept: bool
    figures: str


@dataclass(frozen=True)
class Distilled:
    """What distilling the runs of a seed gave.

    `found` counts procedures that were planted, `others` what else was taken for one. `before` and `after`
    are the steps of the same tasks without and with the skills that were kept.
    """

    found: int
    others: int
    tried: Sequence[Tried]
    before: Sequence[int]
    after: Sequence[int]


def main() -> int:
    """Prints what was found and kept, and the steps of later runs."""
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    turns = product(range(1, options.seeds + 1), range(options.turns))
    done = [measured(seed, words_of_turn(turn)) for seed, turn in turns]
    rows = [*_found_rows(done), *_kept_rows(done), *_later_rows(done)]
    show("SIMULATION: sixty planted runs, scripted model and agent", rows, options.json)
    return 0


def words_of_turn(turn: int) -> Mapping[int, Words]:
    """Returns the words that the model has for each procedure in a turn."""
    return {number: WORDS[(turn + number) % len(WORDS)] for number in range(len(PROCEDURES))}


def measured(seed: int, words: Mapping[int, Words]) -> Distilled:
    """Distils the runs of a seed in a new project; of procedures without `words` the drafts are rejected."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ |= {"XDG_DATA_HOME": f"{temporary}/data", "XDG_CONFIG_HOME": temporary}
        project = Path(temporary) / "project"
        plant(project, workspace_folder(data_folder(), project) / "runs", seed)
        return asyncio.run(_distilled(project, words))


async def _distilled(project: Path, words: Mapping[int, Words]) -> Distilled:
    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        return wording(body, words) or worker(body)

    async with workshop(project, answer, memory={"enabled": False}) as shop:
        evolution = shop.session.evolution
        drafts = (await evolution.distiller.distill()).new
        needless = [one.id for one in drafts if _number_of(one) not in words]
        await evolution.inbox.reject(*needless)
        report = await evolution.distiller.distill(replay=True, reword=True, tokens=TOKENS)
        assert not report.stopped, report.stopped
        before = await _later_steps(shop, project, words)
        await evolution.inbox.accept(*(one.id for one in report.tried if one.shown))
        after = await _later_steps(shop, project, words)
    numbers = [_number_of(one) for one in drafts]
    found = sum(number is not None for number in numbers)
    tried = [
        Tried(words[number], bool(one.shown and one.fixed), one.shown, one.replay)
        for one in report.tried
        if (number := _number_of(one)) is not None
    ]
    return Distilled(found, len(numbers) - found, tried, before, after)


def _number_of(draft: Suggestion) -> int | None:
    """Which of the planted procedures a draft is of; None for anything else."""
    return next((n for n, one in enumerate(PROCEDURES) if _key(one) == draft.target), None)


def _key(procedure: Sequence[str]) -> str:
    steps = (
        f"change {step.removeprefix('edit ')}" if step.startswith("edit ") else f"run {step}"
        for step in procedure
    )
    return "; ".join(steps)


async def _later_steps(shop: Workshop, project: Path, procedures: Collection[int]) -> Sequence[int]:
    """Does the tasks of procedures once more; the steps that each took."""
    steps = []
    for number in procedures:
        shutil.rmtree(project / "out", ignore_errors=True)
        await shop.run(task_of(RUNS, [PRODUCTS[number]]))
        assert (project / PRODUCTS[number]).is_file(), f"{PRODUCTS[number]} is made"
        steps.append(shop.ended.steps)
    shutil.rmtree(project / "out")
    return steps


def _found_rows(done: Sequence[Distilled]) -> Iterator[Row]:
    yield _row("procedures that recur", len(done) * len(PROCEDURES), sum(one.found for one in done))
    yield _row(
        "one-offs and other work", len(done) * len(ONE_OFFS), sum(one.others for one in done)
    )


def _kept_rows(done: Sequence[Distilled]) -> Iterator[Row]:
    for words in WORDS:
        tried = [each for one in done for each in one.tried if each.words == words]
        what = f"drafts worded by a model: {words.how}, “{words.note.partition('.')[0]}”"
        yield _row(what, len(tried), sum(one.kept_worded for one in tried))
    tried = [each for one in done for each in one.tried]
    yield _row("drafts, in whatever words", len(tried), sum(one.kept for one in tried))


def _later_rows(done: Sequence[Distilled]) -> Iterator[Row]:
    before, after = (sum(sum(getattr(one, when)) for one in done) for when in ("before", "after"))
    yield _row("steps of later runs, without and with them", before, after)


def _row(what: str, planted: int, came: int) -> Row:
    return {"what": what, "of": planted, "found, kept or taken": came}


if __name__ == "__main__":
    sys.exit(main())
