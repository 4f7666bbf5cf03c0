"""`holdfast doctor --probe` as a person or a script meets it."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.data import dialects
from tests.fakes.dialect_server import DialectServer, ServedDialect
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.wire_server import Reply, WireServer
from tests.harness.command_line import Ended, ended, holdfast, started
from tests.harness.workshop import says

KEY = "sk-probe-4f9a1c7e2b8d4a6f9c3e"
NOWHERE = "http://127.0.0.1:9/v1"


async def probe(project: Path, base_url: str, *arguments: str, **environment: str) -> Ended:
    return await holdfast(
        *("doctor", "--probe", *arguments),
        folder=project,
        HOLDFAST_MODEL__BASE_URL=base_url,
        **environment,
    )


async def test_the_report_says_what_was_found_and_what_it_means(project: Path) -> None:
    async with DialectServer(dialects.OLLAMA).serving() as server:
        ended = await probe(project, server.base_url, HOLDFAST_MODEL__PRICE_INPUT="10")
    assert ended.status == 0, ended.errors
    lines = ended.output.splitlines()
    assert lines[0] == f"## The worker: llama3.2:3b at {server.base_url}"
    assert "| n | no | 1 answer to n = 3, nothing said |" in lines
    assert "- n: Max Mode sends a request for each candidate, 3 instead of one" in lines
    assert "It can be used as the worker." in lines
    assert lines[-1].startswith("It took 1")
    assert ", $0." in lines[-1]
    announced = f"probing the worker, llama3.2:3b at {server.base_url}: about 14 requests, at most "
    assert announced in ended.errors
    assert "$0.4" in ended.errors


async def test_a_script_reads_a_line_for_each_endpoint(project: Path) -> None:
    worker, judge = DialectServer(dialects.OLLAMA), DialectServer(dialects.VLLM_WITHOUT_TOOLS)
    async with worker.serving(), judge.serving():
        ended = await probe(
            project, worker.base_url, "--json",
            HOLDFAST_JUDGE__BASE_URL=judge.base_url, HOLDFAST_JUDGE__NAME="Qwen/Qwen3-8B",
            HOLDFAST_JUDGE__CONTEXT_TOKENS="300000", HOLDFAST_CHEAP__NAME="small",
        )  # fmt: skip
    assert ended.status == 0, ended.errors  # a judge needs no tools
    first, second, third = ended.events
    assert [each["role"] for each in ended.events] == ["worker", "judge", "cheap"]
    assert (third["model"], third["address"]) == ("small", worker.base_url)
    assert (second["model"], second["address"]) == ("Qwen/Qwen3-8B", judge.base_url)
    assert first["kind"] == "endpoint_probed"
    assert first["missing"] == second["missing"] == []
    found = {each["ability"]: each for each in second["findings"]}
    assert found["tools"]["answer"] == "no"
    assert "set judge.context_tokens to 262144 (here 300000)" in found["context length"]["advice"]
    assert first["requests"] + third["requests"] >= len(worker.bodies)
    assert first["usage"]["input"] > 0


@pytest.mark.parametrize(
    ("dialect", "ability"),
    [(dialects.VLLM_WITHOUT_TOOLS, "tools"), (replace(dialects.VLLM, calls=0, tool_choice="ignored"), "tools")],
)  # fmt: skip
async def test_a_worker_without_tools_is_a_failure(
    project: Path, dialect: ServedDialect, ability: str
) -> None:
    async with DialectServer(dialect).serving() as server:
        ended = await probe(project, server.base_url)
    assert ended.status == 1
    assert f"**It cannot be used as the worker as it is:** {ability}." in ended.output


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply((b'{"error": {"message": "invalid api key"}}',), 401), "refused the API key (401)"),
        (Reply((b"<html><body>Log in</body></html>",), 200, "text/html"), "a web page"),
        (Reply((b'{"error": {"message": "no such model: m"}}',), 404), "no such model"),
        (Reply((b"\xff\xfe\x00",), 500), "answered 500"),
        (Reply((b"[" * 100_000,), 200, "application/json"), "no JSON"),
    ],
)
async def test_an_endpoint_that_does_not_answer_is_said_so(
    project: Path, reply: Reply, says: str
) -> None:
    async with WireServer(reply).serving() as server:
        ended = await probe(project, server.base_url, "--json", HOLDFAST_MODEL__NAME="m")
    assert ended.status == 1, ended.errors
    (report,) = ended.events
    assert report["missing"] == ["answers", "tools"]
    (answers,) = [each for each in report["findings"] if each["ability"] == "answers"]
    assert answers["answer"] == "no"
    assert says in answers["evidence"]


async def test_one_that_cannot_be_reached_is_said_so(project: Path) -> None:
    ended = await probe(project, NOWHERE, HOLDFAST_MODEL__NAME="m")
    assert ended.status == 1
    assert "| answers | no |" in ended.output
    assert "| wires | unknown |" in ended.output, "of what nobody answered nothing is known"
    assert "cannot be reached" in ended.output
    ended = await probe(project, NOWHERE)
    assert (ended.status, ended.output) == (1, "")
    assert "cannot be reached" in ended.errors


@pytest.mark.parametrize("arguments", [(), ("--json",)])
async def test_nothing_secret_is_in_the_report(project: Path, arguments: tuple[str, ...]) -> None:
    password, home = "hunter2-4f9a1c7e2b8d", Path.home()
    told = f"n: key {KEY} is fine, {password}, {home}/models/x.gguf, \x1b[31mred"
    leaky = replace(
        dialects.VLLM, n=(400, dialects.said(told)), headers={"x-ratelimit-key": KEY, "set-cookie": KEY}
    )  # fmt: skip
    async with DialectServer(leaky).serving() as server:
        address = server.base_url.replace("//", f"//ada:{password}@") + f"?key={KEY}"
        ended = await probe(
            project, address, *arguments, HOLDFAST_API_KEY=KEY, DB_PASSWORD=password
        )
    assert ended.status == 0, ended.errors
    everything = ended.output + ended.errors
    assert "is fine" in ended.output
    for secret in (KEY, password, str(home), "\x1b"):
        assert secret not in everything
    assert "~/models/x.gguf" in ended.output


async def test_json_is_for_the_probe_alone(project: Path) -> None:
    ended = await holdfast("doctor", "--json", folder=project)
    assert ended.status == 2
    assert "--json goes with --probe" in ended.errors


async def test_what_was_asked_has_nothing_of_the_machine(project: Path) -> None:
    async with DialectServer(dialects.VLLM).serving() as server:
        await probe(project, server.base_url)
    sent = json.dumps(server.bodies)
    for own in (str(project), str(Path.home()), Path.cwd().name):
        assert own not in sent
    assert {body["max_tokens"] for body in server.bodies} == {512}


async def test_it_ends_at_once_when_it_is_interrupted(project: Path) -> None:
    async with FaultyServer([says("x", fault={"kind": "silence"})]) as server:
        silent = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "m"}
        async with started("doctor", "--probe", folder=project, **silent) as process:
            assert process.stderr is not None
            assert b"probing the worker" in await process.stderr.readline()
            await server.wait_until(lambda: bool(server.requests))
            process.send_signal(signal.SIGINT)
            stopped = await ended(process, seconds_max=30)
    assert (stopped.status, stopped.errors) == (130, "holdfast: stopped\n")
