"""Images from every door to the wire of a model, and nowhere else."""

from __future__ import annotations

import base64
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import CycleStarted, ToolReturned, Warned
from lsp_server.domain.memories import Query
from lsp_server.domain.tasks import Attempts, Finished, Task
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.session.task_request import TaskRequest, make_task
from tests.data.images import GIF, JPEG, PNG, WEBP, png
from tests.end_to_end.test_protocol import RICH, shows
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.lsp_client import started as editor_started
from tests.harness.attempts import attempts
from tests.harness.command_line import YES, holdfast, started
from tests.harness.expectation import until
from tests.harness.stand import is_verdict
from tests.harness.workshop import Workshop, calls, finish, says, workshop
from tests.max_mode.test_run import script, touch
from tests.session.test_attempts import makes

MOCK, SHOT = png(300, 200), png(640, 480)
EVERYTHING = (
    Path(__file__).parents[1] / "mcp_client" / "servers" / "node_modules" / ".bin"
) / "mcp-server-everything"
TINY_PICTURE = [sys.executable, str(Path(__file__).parents[1] / "fakes" / "mcp_server.py")]


def url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def seen_in(messages: Sequence[dict[str, Any]]) -> list[tuple[str, str, list[str]]]:
    """The role, the text and the images of each message that has some."""
    return [
        (
            each["role"],
            each["content"][0]["text"],
            [p["image_url"]["url"] for p in each["content"][1:]],
        )
        for each in messages
        if isinstance(each["content"], list)
    ]


def all_seen(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [image for _, _, images in seen_in(messages) for image in images]


async def task_with(shop: Workshop, prompt: str, *images: str, **more: Any) -> Task:
    request = TaskRequest(prompt, images=images, **more)
    return await make_task(request, shop.session, shop.documents)


async def test_a_task_a_message_and_a_file_are_seen_where_they_are_spoken_of(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    (project / "shot.bin").write_bytes(SHOT)
    turns = [
        calls(("read", {"path": "shot.bin"}), ("read", {"path": "./shot.bin", "end_line": 9})),
        says("I looked."),
        finish(),
    ]
    async with workshop(project, turns) as shop:
        run = shop.session.runs.start(await task_with(shop, "Make it so.", "mock.png"))
        other = await task_with(shop, "x", url(GIF, "gif"))
        shop.session.runs.send(run.run_id, "And this?", "queue", other.images)  # type: ignore[arg-type]
        assert isinstance(await run.wait(), Finished)
        prompts = shop.prompts()
    (task,) = seen_in(prompts[0])
    assert task[0] == "user"
    assert f"Make it so.\n\n[image mock.png: PNG, 300 x 200 pixels, {len(MOCK)} bytes]" in task[1]
    assert task[2] == [url(MOCK)]
    assert seen_in(prompts[1]) == [
        task,
        ("user", "The images of the results above, in this order: shot.bin, shot.bin.",
         [url(SHOT), url(SHOT)]),
    ]  # fmt: skip
    results = [m["content"] for m in prompts[1] if m["role"] == "tool"]
    assert results == [f"[image shot.bin: PNG, 640 x 480 pixels, {len(SHOT):,} bytes]"] * 2
    message = seen_in(prompts[2])[-1]
    assert message == (
        "user",
        f"And this?\n\n[image pasted image: GIF, 8 x 6 pixels, {len(GIF)} bytes]",
        [url(GIF, "gif")],
    )


@pytest.mark.parametrize("data", [JPEG, GIF, WEBP], ids=["JPEG", "GIF", "WebP"])
async def test_a_file_of_each_format_is_seen(project: Path, data: bytes) -> None:
    (project / "picture").write_bytes(data)
    async with workshop(project, [calls(("read", {"path": "picture"})), finish()]) as shop:
        await shop.run()
        assert [base64.b64decode(one.partition(",")[2]) for one in all_seen(shop.prompts()[1])] == [
            data
        ]


READ_ODDLY = {
    "notes.png": (b"Only words.\n", "Only words."),
    "empty.png": (b"", "(the file is empty)"),
    "cut.png": (PNG[:-20], "cut.png is damaged"),
    "huge.png": (png(9, 9, padding=50_000_000), "huge.png is too large: it has 50.0 MB"),
    "drawing.svg": (b"<svg></svg>\n", "<svg></svg>"),
    "program": (b"\x7fELF\0\0", "program is binary"),
}


async def test_what_is_no_whole_image_is_told_to_the_model(project: Path) -> None:
    for name, (data, _) in READ_ODDLY.items():
        (project / name).write_bytes(data)
    os.mkfifo(project / "pipe.png")
    (project / "folder.png").mkdir()
    (project / "link.png").symlink_to("real.png")
    (project / "real.png").write_bytes(PNG)
    words = {name: words for name, (_, words) in READ_ODDLY.items()}
    words |= {
        "pipe.png": "a device, a pipe",
        "folder.png": "directory",
        "link.png": "[image real.png",
    }
    turns = [calls(("read", {"path": name})) for name in words]
    async with workshop(project, [*turns, finish()]) as shop:
        await shop.run()
        results = [each.result for each in shop.events(ToolReturned)][: len(words)]
        assert all_seen(shop.prompts()[-1]) == [url(PNG)]
    for result, expected in zip(results, words.values(), strict=True):
        assert expected in result.text
        assert bool(result.images) == ("[image" in expected)


async def test_an_image_outside_of_the_workspace_is_asked_about(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "private.png").write_bytes(PNG)
    asked: list[str] = []

    def deny(question: Any) -> Any:
        asked.append(question.summary)
        return "deny"

    turns = [calls(("read", {"path": str(tmp_path / "private.png")})), finish()]
    async with workshop(project, turns, answer=deny) as shop:
        await shop.run()
        assert not any(map(all_seen, shop.prompts()))
    assert "private.png" in asked[0]


async def test_what_a_server_shows_is_seen(project: Path) -> None:
    servers = {"pictures": {"command": TINY_PICTURE[0], "args": [TINY_PICTURE[1], "pictures"]}}
    turns = [calls(("mcp__pictures__echo", {"text": "show"})), finish()]
    async with workshop(project, turns, mcp={"servers": servers}) as shop:
        await shop.run()
        messages = shop.prompts()[1]
    (result,) = [m["content"] for m in messages if m["role"] == "tool"]
    size = f"PNG, 8 x 6 pixels, {len(PNG)} bytes"
    assert result == (
        f"Here:\n\n[image echo 1: {size}]\n\n[image file:///logo.gif: GIF, 8 x 6 pixels, {len(GIF)} bytes]"
        "\n\n[image, image/png, 4 bytes] (echo 3 is no PNG, JPEG, GIF or WebP image)"
        "\n\n[resource file:///a.zip, application/zip, 4 bytes]"
    )
    assert seen_in(messages) == [
        ("user", "The images of the results above, in this order: echo 1, file:///logo.gif.",
         [url(PNG), url(GIF, "gif")])
    ]  # fmt: skip


@pytest.mark.skipif(not EVERYTHING.exists(), reason="tests/mcp_client/servers/install was not run")
async def test_what_a_real_server_shows_is_seen(project: Path) -> None:
    servers = {"real": {"command": str(EVERYTHING)}}
    turns = [calls(("mcp__real__get-tiny-image", {})), finish()]
    async with workshop(project, turns, mcp={"servers": servers}) as shop:
        await shop.run()
        (seen,) = seen_in(shop.prompts()[1])
    assert seen[:2] == ("user", "The images of the results above, in this order: get-tiny-image 1.")
    assert seen[2][0].startswith("data:image/png;base64,iVBOR")


async def test_a_model_that_takes_none_is_told_of_them_and_so_is_the_person(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    body = {"error": "Model does not support images. Please use a model that does."}
    first = says("x", fault={"kind": "status", "status": 400, "body": body, "times": 1})
    turns = [first, calls(("read", {"path": "mock.png"})), finish()]
    async with workshop(project, turns) as shop:
        await shop.session.runs.start(await task_with(shop, "Look.", "mock.png")).wait()
        await shop.session.runs.start(await task_with(shop, "Look.", "mock.png")).wait()
        seen = [len(all_seen(messages)) for messages in shop.prompts()]
        warnings = [
            w.message for w in shop.events(Warned) if "does not take the images" in w.message
        ]
        told = shop.prompts()[1][1]["content"]
    assert seen == [1, *[0] * (len(seen) - 1)], "one request, in all runs"
    assert len(warnings) == 2, "one in each run"
    assert "[image mock.png: PNG, 300 x 200 pixels" in told
    assert told.endswith("(You are not shown: mock.png.)")


async def test_a_setting_keeps_images_at_home(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    turns = [calls(("read", {"path": "mock.png"})), finish()]
    async with workshop(project, turns, model={"images": "no"}) as shop:
        await shop.session.runs.start(await task_with(shop, "Look.", "mock.png")).wait()
        assert not any(map(all_seen, shop.prompts()))
        assert not [w for w in shop.events(Warned) if "image" in w.message]


async def test_a_new_cycle_has_the_images_of_the_person_each_once(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    (project / "long.txt").write_text("word\n" * 1_500)
    reads = [calls(("read", {"path": "long.txt", "start_line": n})) for n in range(1, 9)]
    async with workshop(project, [*reads, finish()], context={"budget_tokens": 6_000}) as shop:
        run = shop.session.runs.start(await task_with(shop, "Make it so.", "mock.png"))
        other = await task_with(shop, "x", url(GIF, "gif"))
        shop.session.runs.send(run.run_id, "And this.", "steer", other.images)  # type: ignore[arg-type]
        await run.wait()
        cycles = len(shop.events(CycleStarted))
        prompts = shop.prompts()
    assert cycles > 2
    for messages in prompts:
        assert all_seen(messages) == [url(MOCK), url(GIF, "gif")]
    changed = sum(after[: len(before)] != before for before, after in pairwise(prompts))
    assert changed == cycles - 1, "within a cycle a prompt only grows"


@pytest.mark.parametrize("context", ["shared", "compact"])
async def test_candidates_see_them_and_so_does_a_judge_who_reads_the_same(
    project: Path, context: str
) -> None:
    (project / "mock.png").write_bytes(MOCK)
    max_mode = {"strategy": "always", "samples": 2, "judge_context": context}
    async with workshop(project, script(touch), max_mode=max_mode) as shop:
        task = await task_with(shop, "Make it so.", "mock.png", max_mode=True)
        await shop.session.runs.start(task).wait()
        bodies = [request.body for request in shop.server.requests]
    judge = [body["messages"] for body in bodies if is_verdict(body)]
    workers = [body["messages"] for body in bodies if not is_verdict(body)]
    assert judge
    assert all(all_seen(messages) == [url(MOCK)] for messages in workers)
    for messages in judge:
        assert all_seen(messages) == ([url(MOCK)] if context == "shared" else [])
        assert "image mock.png: PNG, 300 x 200 pixels" in json.dumps(messages)


async def test_every_attempt_sees_the_images_of_its_run(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    async with workshop(project, attempts(*makes("good 1\n", "good 2\n"))) as shop:
        task = await task_with(shop, "Make it.", "mock.png")
        await shop.run(replace(task, attempts=Attempts(2, takes_best=True)))
        prompts = [messages for messages in shop.prompts() if messages[-1]["role"] == "tool"]
    assert len(prompts) >= 2
    assert all(all_seen(messages) == [url(MOCK)] for messages in prompts)


async def test_their_content_is_kept_beside_the_journal_and_nowhere_else(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (project / "mock.png").write_bytes(MOCK)
    (project / "shot.png").write_bytes(SHOT)
    caplog.set_level(logging.DEBUG)
    memory = {"enabled": True, "embedder": "hashing"}
    turns = [calls(("read", {"path": "shot.png"})), finish("I saw shot.png.")]
    async with workshop(project, turns, memory=memory) as shop:
        run = shop.session.runs.start(await task_with(shop, "Look at it.", "mock.png", url(GIF)))
        await run.wait()
        opened = await shop.session.memory.ready()
        found = await shop.session.memory.search(Query("image shot.png pixels"))
        await opened.settle()
        shop.session.transcript()
        data = shop.session.runs.store.folder.parent
    images = data / "runs" / run.run_id / "images"
    assert {path.read_bytes() for path in images.iterdir()} == {MOCK, SHOT, GIF}
    assert {oct(path.stat().st_mode & 0o777) for path in images.iterdir()} == {"0o600"}
    for kept in (path for path in data.rglob("*") if path.is_file() and path.parent != images):
        if "checkpoints" not in kept.parts:
            for content in (MOCK, SHOT, GIF):
                assert content not in kept.read_bytes(), kept
                assert base64.b64encode(content)[:60] not in kept.read_bytes(), kept
    assert "base64" not in caplog.text
    assert any("[image shot.png: PNG, 640 x 480" in str(hit) for hit in found)
    transcript = (data / "runs" / run.run_id / "transcript.md").read_text()
    assert "image mock.png: PNG, 300 x 200 pixels" in transcript


async def test_what_is_forgotten_takes_its_image_along(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    (project / "shot.png").write_bytes(SHOT)
    turns = [calls(("read", {"path": "shot.png"})), finish()]
    async with workshop(project, turns) as shop:
        run = shop.session.runs.start(await task_with(shop, "Look.", "mock.png"))
        await run.wait()
        (called,) = [e for e in shop.events(ToolReturned) if e.result.images]
        images = shop.session.runs.store.folder / run.run_id / "images"
        await shop.session.forget(ForgetRequest(id=f"{run.run_id}/{called.call_id}"))
        assert [path.read_bytes() for path in images.iterdir()] == [MOCK]
        await shop.session.forget(ForgetRequest(text="PNG"))
        assert shop.session.runs.store.events(run.run_id), "the journal can still be read"
        await shop.session.forget(ForgetRequest(before="2999-01-01"))
        assert not images.exists()


async def test_a_content_that_is_gone_is_told_of_and_the_run_goes_on(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    refused = says("x", fault={"kind": "status", "status": 401, "times": 1})
    async with workshop(project, [refused, finish()]) as shop:
        run = shop.session.runs.start(await task_with(shop, "Look.", "mock.png"))
        await run.wait()
        (kept,) = (shop.session.runs.store.folder / run.run_id / "images").iterdir()
        kept.write_bytes(b"damaged")
        assert isinstance(await shop.session.runs.resume(run.run_id).wait(), Finished)
        last = shop.prompts()[-1]
    assert not all_seen(last)
    assert "(You are not shown: mock.png.)" in last[1]["content"]


async def test_killed_and_resumed_a_run_sees_the_same(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    (project / "shot.png").write_bytes(SHOT)
    turns = [
        calls(("read", {"path": "shot.png"})),
        says("x", fault={"kind": "silence"}),
        finish(),
    ]
    async with FaultyServer(turns) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        command = ("run", *YES, "--json", "--image", "mock.png")
        async with started(*command, "Look.", folder=project, **environment) as process:
            assert process.stdout is not None
            run_id = json.loads(await process.stdout.readline())["run_id"]
            await server.wait_until(lambda: len(server.requests) == 2, seconds_max=30.0)
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        (project / "mock.png").unlink()
        (project / "shot.png").unlink()
        ended = await holdfast(
            "run", *YES, "--json", "--resume", run_id, folder=project, **environment
        )
        assert ended.status == 5, ended.errors
        before, after = (request.body["messages"] for request in server.requests[1:3])
    assert all_seen(before) == [url(MOCK), url(SHOT)]
    assert after[: len(before)] == before
    assert all_seen(after) == all_seen(before)
    assert "base64" not in ended.output


async def test_the_command_line_says_what_is_wrong_with_an_image(project: Path) -> None:
    (project / "a.png").write_bytes(b"no image")
    for number in range(5):
        (project / f"{number}.png").write_bytes(png(9, 9, padding=4_500_000 + number))
    many = [part for number in range(5) for part in ("--image", f"{number}.png")]
    rows = {
        (*many, "Look."): "the images have 23 MB together; give at most 20 MB",
        ("--image", "a.png", "Look."): "a.png is no PNG, JPEG, GIF or WebP image",
        ("--image", "none.png", "Look."): "none.png does not exist; give the path of an image",
        ("--image", "a.png", "--resume", "x"): "an image goes with words",
        ("--image", "a.png") * 11 + ("Look.",): "11 images are too many; give at most 10",
    }
    async with ScriptedServer([]) as server:
        for arguments, words in rows.items():
            ended = await holdfast(
                "run", *arguments, folder=project,
                HOLDFAST_MODEL__BASE_URL=server.base_url, HOLDFAST_MODEL__NAME="s",
            )  # fmt: skip
            assert ended.status != 0
            assert words in ended.errors
    assert not server.requests


async def test_an_image_goes_with_a_message_to_an_earlier_run(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    async with ScriptedServer([says("Which one?"), says("So."), finish(), finish()]) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        first = await holdfast("run", *YES, "--json", "Look.", folder=project, **environment)
        run_id = first.events[-1]["run_id"]
        again = ("run", *YES, "--image", "mock.png", "--resume", run_id, "This one.")
        assert (await holdfast(*again, folder=project, **environment)).status == 5
        assert all_seen(server.requests[-1].body["messages"]) == [url(MOCK)]


async def test_an_editor_gives_paths_addresses_and_what_was_pasted(project: Path) -> None:
    (project / "mock.png").write_bytes(MOCK)
    (project / "shot 1.png").write_bytes(SHOT)
    images = ["mock.png", (project / "shot 1.png").as_uri(), url(GIF, "gif")]
    async with ScriptedServer([finish(), finish()]) as model:
        environment = {"HOLDFAST_MODEL__BASE_URL": model.base_url}
        async with editor_started(environment=environment) as client:
            await client.initialize(project, RICH)
            wrong = await client.command(
                "holdfast.run.start", {"prompt": "x", "images": ["no.png"]}
            )
            assert "no.png does not exist; give the path of an image" in wrong["message"]
            reply = await client.command(
                "holdfast.run.start", {"prompt": "Look.", "images": images}
            )
            await client.wait_for(lambda m: shows(m, "done"), "the end of the run")
            said = {"runId": reply["runId"], "text": "And this?", "images": [url(PNG)]}
            await client.command("holdfast.run.send", said)
            await until(lambda: len(model.requests) == 2, "the answer to the message")
            first, second = (all_seen(request.body["messages"]) for request in model.requests)
    assert first == [url(MOCK), url(SHOT), url(GIF, "gif")]
    assert second == [*first, url(PNG)]
