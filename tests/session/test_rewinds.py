"""A run goes back to a step with its files, or a new one goes on from there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.agent.journal import replay
from lsp_server.agent.rewinding import counted, steps_of
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import (
    FileRestored,
    RecordedEvent,
    StepFinished,
    StepStarted,
    ToolCalled,
    Warned,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.rewind_events import Forked, Rewound
from lsp_server.domain.tasks import Finished, RunId, Task
from lsp_server.session.run import Run
from tests.harness.expectation import until
from tests.harness.workshop import Workshop, calls, finish, workshop
from tests.sampling import sampled

LINES = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def write(text: str) -> Any:
    return calls(("write", {"path": "a.txt", "text": text}))


def shell(command: str) -> Any:
    return calls(("shell", {"command": command}))


THREE_STEPS = [
    calls(("edit", {"path": "a.txt", "old_text": "one", "new_text": "ONE"})),
    shell("sed -i s/seven/SEVEN/ a.txt; echo made > made.txt"),
    calls(("edit", {"path": "a.txt", "old_text": "three", "new_text": "THREE"})),
    finish("the end"),
]


def newest(shop: Workshop) -> RunId:
    return shop.session.runs.list()[0].run_id


def journal(shop: Workshop, run_id: RunId) -> list[RecordedEvent]:
    return replay(shop.session.runs.store.journal(run_id))


def said(prompt: list[dict[str, Any]]) -> str:
    return json.dumps(prompt)


@pytest.mark.parametrize(
    ("step", "text", "has_made"),
    [
        (0, LINES, False),
        (1, LINES.replace("one", "ONE"), False),
        (2, LINES.replace("one", "ONE").replace("seven", "SEVEN"), True),
        (3, "ONE\ntwo\nTHREE\nfour\nfive\nsix\nSEVEN\n", True),
        (None, "ONE\ntwo\nTHREE\nfour\nfive\nsix\nSEVEN\n", True),
    ],
)
async def test_files_and_conversation_go_back_to_a_step_and_the_run_goes_on(
    project: Path, step: int | None, text: str, has_made: bool
) -> None:
    (project / "a.txt").write_text(LINES)
    turns = [*THREE_STEPS, shell("cat a.txt"), finish("again")]
    async with workshop(project, turns) as shop:
        assert await shop.run("Change it.") == Finished("the end")
        before = [one.seq for one in journal(shop, newest(shop))]
        done = await shop.session.rewinds.rewind(newest(shop), step)
        reached = 3 if step is None else step
        assert (done.step, done.files.conflicts) == (reached, ())
        assert (project / "a.txt").read_text() == text
        assert (project / "made.txt").exists() == has_made
        (listed,) = shop.session.runs.list()
        assert (listed.state, listed.step) == ("stopped", reached)
        assert f"taken back to step {reached}" in listed.message
        # All is kept, and one entry more says what counts.
        after = journal(shop, newest(shop))
        assert [one.seq for one in after][: len(before)] == before
        assert any(isinstance(one.event, Rewound) for one in after[len(before) :])
        assert await shop.session.runs.resume(newest(shop)).wait() == Finished("again")
        prompts = shop.prompts()
        # The prompt is the one of that step, with a note behind it.
        assert prompts[4][:-1] == prompts[reached], "the prefix is that of the first time"
        assert "THREE" not in said(prompts[4][2:]) or reached == 3
        assert steps_of(counted(journal(shop, newest(shop)))) == [*range(1, reached + 3)]


async def test_what_a_person_changed_since_stays(project: Path) -> None:
    (project / "a.txt").write_text(LINES)
    async with workshop(project, THREE_STEPS) as shop:
        await shop.run()
        (project / "a.txt").write_text("ONE\ntwo\nTHREE\nfour\nfive and mine\nsix\nSEVEN\n")
        (project / "made.txt").write_text("made\nand mine\n")
        (project / "mine.txt").write_text("mine")
        done = await shop.session.rewinds.rewind(None, 1)
        kept = "ONE\ntwo\nthree\nfour\nfive and mine\nsix\nseven\n"
        assert (project / "a.txt").read_text() == kept
        assert [one.path for one in done.files.conflicts] == ["made.txt"]
        assert (project / "made.txt").read_text() == "made\nand mine\n"
        assert (project / "mine.txt").read_text() == "mine"
        left = [e for e in shop.events(FileRestored) if e.conflict is not None]
        assert "made.txt" in [event.path for event in left]


async def test_twice_back_and_an_undo_after_it(project: Path) -> None:
    (project / "a.txt").write_text(LINES)
    turns = [*THREE_STEPS, write("other\n"), finish("b"), write("third\n"), finish("c")]
    async with workshop(project, turns) as shop:
        await shop.run()
        run_id = newest(shop)
        await shop.session.rewinds.rewind(run_id, 2)
        await shop.session.runs.send(run_id, "Write it anew.", "steer").wait()
        assert (project / "a.txt").read_text() == "other\n"
        done = await shop.session.rewinds.rewind(run_id, 1)
        assert done.files.conflicts == ()
        assert (project / "a.txt").read_text() == LINES.replace("one", "ONE")
        assert not (project / "made.txt").exists()
        await shop.session.runs.resume(run_id).wait()
        assert (project / "a.txt").read_text() == "third\n"
        report = await shop.session.undo(run_id)
        assert report.conflicts == ()
        assert (project / "a.txt").read_text() == LINES


async def test_what_was_spent_stays_spent(project: Path) -> None:
    (project / "a.txt").write_text(LINES)
    async with workshop(project, [*THREE_STEPS, finish()]) as shop:
        await shop.run()
        run_id = newest(shop)
        spent = shop.ended.billed
        await shop.session.rewinds.rewind(run_id, 0)
        assert shop.session.runs.list()[0].usage == spent
        await shop.session.runs.resume(run_id).wait()
        assert shop.ended.billed.prompt_tokens > spent.prompt_tokens


async def test_no_call_has_an_id_that_one_which_was_taken_back_had(project: Path) -> None:
    turns = [shell("echo a"), shell("echo b"), finish(), shell("echo c"), finish()]
    async with workshop(project, turns) as shop:
        await shop.run()
        await shop.session.rewinds.rewind(None, 0)
        await shop.session.runs.resume().wait()
        ids = [event.call.id for event in shop.events(ToolCalled)]
        assert len(ids) == len(set(ids)) == 5


async def test_a_fork_goes_on_as_a_new_run_and_undo_brings_back_what_came_after(
    project: Path,
) -> None:
    (project / "a.txt").write_text(LINES)
    turns = [*THREE_STEPS, shell("cat a.txt; echo forked > forked.txt"), finish("forked")]
    async with workshop(project, turns) as shop:
        await shop.run()
        origin = newest(shop)
        before = journal(shop, origin)
        final = (project / "a.txt").read_text()
        run = await shop.session.rewinds.fork(origin, 1, "Do it otherwise.")
        assert isinstance(run, Run)
        assert run.run_id != origin
        assert await run.wait() == Finished("forked")
        assert journal(shop, origin) == before, "the other run is as it was"
        prompts = shop.prompts()
        assert prompts[4][: len(prompts[1])] == prompts[1]
        assert "Do it otherwise." in said(prompts[4])
        assert "ONE" in said(prompts[5])
        assert "THREE" not in said(prompts[5][2:])
        assert (project / "a.txt").read_text() == LINES.replace("one", "ONE")
        (forked,) = shop.events(Forked)
        assert (forked.origin, forked.step) == (origin, 1)
        assert {one.run_id for one in shop.session.runs.list()} == {origin, run.run_id}
        report = await shop.session.undo(run.run_id)
        assert report.conflicts == ()
        assert (project / "a.txt").read_text() == final
        assert (project / "made.txt").read_text() == "made\n"
        assert not (project / "forked.txt").exists()
        report = await shop.session.undo(origin)
        assert (project / "a.txt").read_text() == LINES


async def test_a_fork_of_a_fork_and_a_fork_that_is_taken_back(project: Path) -> None:
    (project / "a.txt").write_text(LINES)
    turns = [*THREE_STEPS, write("b\n"), finish("b"), write("c\n"), finish("c"), finish("d")]
    async with workshop(project, turns) as shop:
        await shop.run()
        origin = newest(shop)
        first = await shop.session.rewinds.fork(origin, 2)
        assert await first.wait() == Finished("b")
        second = await shop.session.rewinds.fork(first.run_id, 3)
        assert await second.wait() == Finished("c")
        await shop.session.rewinds.rewind(second.run_id, 2)
        assert (project / "a.txt").read_text() == LINES.replace("one", "ONE").replace(
            "seven", "SEVEN"
        )
        assert await shop.session.runs.resume(second.run_id).wait() == Finished("d")


Wrong = Callable[[Workshop], Any]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda shop: shop.session.rewinds.rewind(None, 5), "has no step 5; it has 1 to 4"),
        (lambda shop: shop.session.rewinds.fork(None, -1), "has no step -1"),
        (lambda shop: shop.session.rewinds.rewind(RunId("no"), 1), "run no is unknown"),
        (lambda shop: shop.session.rewinds.fork(RunId("../x"), 1), "is unknown"),
    ],
)
async def test_what_cannot_be_done_says_why_and_changes_nothing(
    project: Path, wrong: Wrong, words: str
) -> None:
    (project / "a.txt").write_text(LINES)
    async with workshop(project, THREE_STEPS) as shop:
        await shop.run()
        before = journal(shop, newest(shop))
        with pytest.raises(HoldfastError, match=words):
            await wrong(shop)
        assert journal(shop, newest(shop)) == before
        assert len(shop.session.runs.list()) == 1


async def test_a_run_at_work_is_left_alone(project: Path) -> None:
    turns = [shell("until [ -e go ]; do sleep 0.05; done"), finish()]
    async with workshop(project, turns) as shop:
        run = shop.session.runs.start(Task("do it"))
        await until(lambda: shop.events(ToolCalled), "it works", 30)
        for work in (shop.session.rewinds.rewind, shop.session.rewinds.fork):
            with pytest.raises(HoldfastError, match="is active"):
                await work(run.run_id, 0)
        (project / "go").touch()
        await run.wait()


NOTHING = Usage()


@settings(max_examples=sampled(200), deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 8)), max_size=30))
def test_what_counts_is_what_a_run_that_never_went_astray_has(wishes: list[int | None]) -> None:
    """A step for each None, a way back to a step that there is for each number."""
    records: list[RecordedEvent] = []
    model: list[int] = []

    def add(event: Any) -> None:
        records.append(RecordedEvent(len(records), "", event))

    add(Warned("the beginning"))
    for wish in wishes:
        if wish is None:
            step = model[-1] + 1 if model else 1
            add(StepStarted(step, 1))
            add(StepFinished(step, NOTHING, NOTHING, 0.0))
            add(Warned("between"))
            model.append(step)
        elif wish in [0, *model]:
            add(Rewound(wish, NOTHING, NOTHING, 0.0))
            model = [one for one in model if one <= wish]
    kept = counted(records)
    assert steps_of(kept) == model == list(range(1, len(model) + 1))
    assert counted(kept) == kept
    assert kept[0] == records[0]


@pytest.mark.parametrize("step", [0, 1, 2, 3])
async def test_after_an_undo_a_run_goes_back_to_a_step_as_before_it(
    project: Path, step: int
) -> None:
    (project / "a.txt").write_text(LINES)
    texts = [LINES, "1\n", "2\n", "3\n"]
    turns = [*(write(text) for text in texts[1:]), finish("end")]
    async with workshop(project, turns) as shop:
        await shop.run()
        await shop.session.undo()
        assert (project / "a.txt").read_text() == LINES
        done = await shop.session.rewinds.rewind(None, step)
        assert done.files.conflicts == ()
        assert (project / "a.txt").read_text() == texts[step]
        # An undo takes back what there is to be taken back, also after it.
        report = await shop.session.undo()
        assert report.conflicts == ()
        assert (project / "a.txt").read_text() == LINES


async def test_what_was_made_removed_and_undone_is_there_again_at_its_step(project: Path) -> None:
    (project / "old.txt").write_text("old\n")
    turns = [
        shell("mkdir -p sub/deep; echo new > sub/deep/new.txt"),
        shell("rm old.txt; chmod +x sub/deep/new.txt; echo more >> sub/deep/new.txt"),
        finish("end"),
    ]
    async with workshop(project, turns) as shop:
        await shop.run()
        for _ in range(2):
            await shop.session.undo()
            assert not (project / "sub").exists()
        done = await shop.session.rewinds.rewind(None, 1)
        assert done.files.conflicts == ()
        assert (project / "sub" / "deep" / "new.txt").read_text() == "new\n"
        assert (project / "old.txt").exists()


async def test_what_a_run_did_after_an_undo_is_undone_too(project: Path) -> None:
    (project / "a.txt").write_text(LINES)
    turns = [write("1\n"), write("2\n"), finish("a"), write("3\n"), finish("b")]
    async with workshop(project, turns) as shop:
        await shop.run()
        await shop.session.undo()
        await shop.session.runs.send(newest(shop), "Write it anew.", "steer").wait()
        assert (project / "a.txt").read_text() == "3\n"
        report = await shop.session.undo()
        assert (report.conflicts, (project / "a.txt").read_text()) == ((), LINES)


async def test_a_fork_of_a_run_that_was_undone_begins_as_its_step_ended(project: Path) -> None:
    (project / "a.txt").write_text(LINES)
    turns = [write("1\n"), write("2\n"), finish("a"), write("3\n"), finish("b")]
    async with workshop(project, turns) as shop:
        await shop.run()
        await shop.session.undo()
        run = await shop.session.rewinds.fork(None, 1, "Go on.")
        await run.wait()
        assert (project / "a.txt").read_text() == "3\n"
        report = await shop.session.undo(run.run_id)
        assert (report.conflicts, (project / "a.txt").read_text()) == ((), LINES)
        done = await shop.session.rewinds.rewind(run.run_id, 1)
        assert (done.files.conflicts, (project / "a.txt").read_text()) == ((), "1\n")


async def test_a_persons_lines_stay_when_a_run_that_was_undone_goes_back_to_a_step(
    project: Path,
) -> None:
    (project / "a.txt").write_text(LINES)
    async with workshop(project, THREE_STEPS) as shop:
        await shop.run()
        await shop.session.undo()
        (project / "a.txt").write_text(LINES.replace("five", "five and mine"))
        done = await shop.session.rewinds.rewind(None, 1)
        assert done.files.conflicts == ()
        wanted = LINES.replace("five", "five and mine").replace("one", "ONE")
        assert (project / "a.txt").read_text() == wanted
