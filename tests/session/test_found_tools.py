"""Tools of servers that are found instead of listed, and lists that change within a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.idle_cost import CEILING_TOKENS, CHARS_PER_TOKEN, SERVERS, write_skills
from lsp_server.domain.events import CycleStarted, ToolReturned
from lsp_server.domain.tasks import Task
from tests.fakes.faults import FaultyTurn
from tests.harness.workshop import Workshop, calls, finish, workshop
from tests.session.test_mcp_servers import of_user

FIND = calls(("find_tools", {"query": "create an issue"}))
BEST = "mcp__faulty__create_issue"
USE = calls((BEST, {"issue": "a bug"}))
SMALL = {"budget_tokens": 9_000}


def listed(shop: Workshop, request: int = -1) -> list[str]:
    return [one["function"]["name"] for one in shop.server.requests[request].body["tools"]]


def filling(count: int) -> list[FaultyTurn]:
    """Steps that together need a new cycle."""
    return [calls(("shell", {"command": f"seq {n} 1200"})) for n in range(count)]


async def test_what_is_too_much_for_a_request_is_found_and_called_at_once(project: Path) -> None:
    async with workshop(project, [FIND, USE, finish()], **of_user("tracker")) as shop:
        await shop.run()
        assert listed(shop)[-1] == "find_tools"
        found, used = shop.events(ToolReturned)[:2]
        assert found.result.found_tools[0] == BEST
        assert used.result.text == '{"issue": "a bug"}'
        assert [listed(shop, n) for n in range(3)] == [listed(shop)] * 3, "the cached start stands"


async def test_few_tools_are_listed_and_need_no_finding(project: Path) -> None:
    async with workshop(project, [finish()], **of_user()) as shop:
        await shop.run()
        assert "mcp__faulty__echo" in listed(shop)
        assert "find_tools" not in listed(shop)


async def test_plan_mode_has_nothing_to_find(project: Path) -> None:
    async with workshop(project, [finish()], **of_user("tracker")) as shop:
        await shop.run(Task("look", mode="plan"))
        assert "find_tools" not in listed(shop)


async def test_a_call_of_no_tool_does_not_name_hundreds(project: Path) -> None:
    wrong = calls(("mcp__faulty__create_isue", {}))
    async with workshop(project, [wrong, finish()], **of_user("tracker")) as shop:
        await shop.run()
        text = shop.events(ToolReturned)[0].result.text
        assert f"did you mean {BEST!r}" in text
        assert "rename_label" not in text


async def test_found_again_by_its_name_one_is_listed_at_once_at_the_end(project: Path) -> None:
    named = calls(("find_tools", {"query": BEST}))
    async with workshop(project, [FIND, FIND, named, finish()], **of_user("tracker")) as shop:
        await shop.run()
        assert [listed(shop, n) for n in range(3)] == [listed(shop, 0)] * 3
        assert listed(shop) == [*listed(shop, 0), BEST]


async def test_tools_that_say_much_are_not_listed_even_if_they_are_few(project: Path) -> None:
    async with workshop(project, [finish()], **of_user("wordy-18")) as shop:
        await shop.run()
        assert listed(shop)[-1] == "find_tools"


@pytest.mark.parametrize("server", SERVERS)
async def test_a_run_begins_small_whatever_is_connected(project: Path, server: str) -> None:
    write_skills(Path.home() / ".agents" / "skills")
    servers = of_user(server) if server else {}
    async with workshop(project, [finish()], **servers) as shop:
        await shop.run()
        request = shop.server.requests[0].raw.decode()
        assert "skill-19" in request
        assert len(request) / CHARS_PER_TOKEN <= CEILING_TOKENS


async def test_the_next_cycle_lists_them_and_so_does_a_run_that_goes_on(project: Path) -> None:
    turns = [FIND, *filling(9), finish()]
    async with workshop(project, turns, context=SMALL, **of_user("tracker")) as shop:
        await shop.run()
        assert len(shop.events(CycleStarted)) > 1
        found = list(shop.events(ToolReturned)[0].result.found_tools)
        assert listed(shop)[-len(found) :] == found
        before = listed(shop)
        run_id = shop.session.runs.list()[0].run_id
    async with workshop(project, [finish()], context=SMALL, **of_user("tracker")) as again:
        await again.session.runs.send(run_id, "once more", "steer").wait()
        assert listed(again, 0) == before


async def test_a_list_that_changes_holds_from_the_next_cycle_on(project: Path) -> None:
    echo = calls(("mcp__faulty__echo", {}))
    turns = [echo, echo, *filling(9), echo, calls(("mcp__faulty__later", {})), finish()]
    async with workshop(project, turns, context=SMALL, **of_user("changes-its-tools")) as shop:
        await shop.run()
        results = [one.result for one in shop.events(ToolReturned)]
        assert not any(result.is_error for result in results[:2])
        assert "mcp__faulty__echo" in listed(shop, 2), "a cycle has one list"
        assert [name for name in listed(shop) if name.startswith("mcp")] == ["mcp__faulty__later"]
        assert results[11].text == (
            "the tool 'mcp__faulty__echo' is gone: its server withdrew it or does not answer"
        )
        assert not results[12].is_error
