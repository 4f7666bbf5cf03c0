"""One step on request: proposals are compared, one is accepted, and it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import CandidatesJudged, ToolCalled
from lsp_server.domain.tasks import Failed, Finished, Sampling, Task
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.session.run_errors import NothingProposed, NothingToAccept
from tests.fakes.faults import FaultyTurn
from tests.harness.stand import is_verdict, proposals, verdict
from tests.harness.workshop import Workshop, calls, workshop

TASK = Task("Make x larger.", sampling=Sampling(samples=3, propose=True))


def edit(value: int) -> ScriptedTurn:
    arguments = {"path": "a.py", "old_text": "x = 1", "new_text": f"x = {value}0"}
    return calls(("edit", arguments), text=f"I make it {value}0.")


def script(body: Mapping[str, Any]) -> ScriptedTurn:
    """Looks first; then each candidate has a value of its own, and larger is better."""
    if is_verdict(body):
        shown = proposals(body)
        assert all("+x = " in text for text in shown.values())
        best = verdict(body, lambda text: int(text.split("+x = ")[1][0]))
        return ScriptedTurn(text=str(best).replace("'", '"'))
    if body["messages"][-1]["role"] != "tool":
        return calls(("read", {"path": "a.py"}))
    others = [{"text": turn.text, "tool_calls": turn.tool_calls} for turn in (edit(4), edit(2))]
    n = body.get("n", 1)
    return FaultyTurn.model_validate({**edit(3).model_dump(), "alternatives": others[: n - 1]})


@pytest.fixture
def root(project: Path) -> Path:
    (project / "a.py").write_text("x = 1\n")
    return project


async def propose(shop: Workshop, task: Task = TASK) -> CandidatesJudged:
    outcome = await shop.run(replace(task, budget=shop.session.settings.run.budget))
    assert isinstance(outcome, Finished)
    return shop.events(CandidatesJudged)[-1]


async def test_proposals_are_compared_and_nothing_is_changed(root: Path) -> None:
    async with workshop(root, script) as shop:
        judged = await propose(shop)
        assert (root / "a.py").read_text() == "x = 1\n"
        assert [event.call.name for event in shop.events(ToolCalled)] == ["read"]
        assert len(judged.groups) == 3
        text = shop.session.proposals.comparison().read_text("utf-8")
        for shown in ("Make x larger.", "+x = 40", "+x = 20", "(recommended)", "a.py parses"):
            assert shown in text
        assert "16" in text
        assert shop.ended.billed.total_tokens > shop.ended.usage.total_tokens


async def test_the_winner_is_accepted_by_default_and_any_other_by_its_number(root: Path) -> None:
    async with workshop(root, script) as shop:
        judged = await propose(shop)
        requests = len(shop.server.requests)
        run = shop.session.proposals.accept()
        outcome = await run.wait()
        assert isinstance(outcome, Finished)
        assert "edited a.py" in outcome.summary
        assert (root / "a.py").read_text() == "x = 40\n"
        assert len(shop.server.requests) == requests, "no model is asked again"
        assert shop.session.proposals.newest is None

        report = await shop.session.undo(run.run_id)
        assert report.restored == ("a.py",)
        assert (root / "a.py").read_text() == "x = 1\n"

        values = [group.calls[0].arguments[-4:-2] for group in judged.groups]
        run = shop.session.proposals.accept(run.run_id, values.index("20") + 1)
        await run.wait()
        assert (root / "a.py").read_text() == "x = 20\n"


@pytest.mark.parametrize("since", ["y = 1\n", "max = 100  # typed since\n", None])
async def test_what_was_proposed_for_another_text_is_not_done(
    root: Path, since: str | None
) -> None:
    async with workshop(root, script) as shop:
        await propose(shop)
        if since is None:
            (root / "a.py").unlink()
        else:
            (root / "a.py").write_text(since)
        run = shop.session.proposals.accept()
        outcome = await run.wait()
        assert isinstance(outcome, Failed)
        assert outcome.error.startswith("a.py changed since this was proposed")
        assert [path.read_text() for path in root.glob("a.py")] == [since] * (since is not None)

        (root / "a.py").write_text("x = 1\n")
        run = shop.session.proposals.accept(run.run_id)
        assert isinstance(await run.wait(), Finished)
        assert (root / "a.py").read_text() == "x = 40\n"


async def test_a_new_file_that_is_there_by_then_is_not_replaced(root: Path) -> None:
    def create(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return ScriptedTurn(text=str(verdict(body, len)).replace("'", '"'))
        first, second = (calls(("write", {"path": "b.py", "text": f"b = {n}\n"})) for n in "12")
        other = {"text": second.text, "tool_calls": second.tool_calls}
        alternatives = [other] * (body.get("n", 1) - 1)
        return FaultyTurn.model_validate({**first.model_dump(), "alternatives": alternatives})

    async with workshop(root, create) as shop:
        await propose(shop)
        (root / "b.py").write_text("mine\n")
        run = shop.session.proposals.accept()
        assert isinstance(await run.wait(), Failed)
        assert (root / "b.py").read_text() == "mine\n"


async def test_a_run_that_could_not_do_what_was_accepted_can_be_spoken_to(root: Path) -> None:
    async with workshop(root, script) as shop:
        await propose(shop)
        (root / "a.py").write_text("x = 1  # changed\n")
        run = shop.session.proposals.accept()
        await run.wait()
        run = shop.session.runs.send(run.run_id, "Look again.", "steer")
        assert isinstance(await run.wait(), Finished)
        assert len(shop.events(CandidatesJudged)) == 2


async def test_accepting_asks_for_permission_like_any_edit(root: Path) -> None:
    async with workshop(root, script, answer=lambda _: "deny") as shop:
        await propose(shop)
        run = shop.session.proposals.accept(candidate=2)
        await run.wait()
        assert (root / "a.py").read_text() == "x = 1\n"


@pytest.mark.parametrize("candidate", [0, 4, -1])
async def test_only_what_was_proposed_can_be_accepted(root: Path, candidate: int) -> None:
    async with workshop(root, script) as shop:
        await propose(shop)
        with pytest.raises(NothingToAccept, match="has 3 proposals"):
            shop.session.proposals.accept(candidate=candidate)
        shop.session.proposals.accept(candidate=1)


async def test_a_run_that_proposed_nothing_has_nothing_to_accept(root: Path) -> None:
    async with workshop(root, [ScriptedTurn(text="Done.")]) as shop:
        await shop.run("do it")
        with pytest.raises(NothingToAccept, match="0 proposals"):
            shop.session.proposals.accept()
        with pytest.raises(NothingProposed, match="proposed nothing"):
            shop.session.proposals.comparison()


async def test_what_was_accepted_is_not_done_again_when_the_run_goes_on(root: Path) -> None:
    async with workshop(root, script) as shop:
        await propose(shop)
        run = shop.session.proposals.accept()
        await run.wait()
        (root / "a.py").write_text("x = 1\n")
        run = shop.session.runs.send(run.run_id, "Look again.", "steer")
        await run.wait()
        assert (root / "a.py").read_text() == "x = 1\n"
        assert len(shop.events(CandidatesJudged)) == 2
