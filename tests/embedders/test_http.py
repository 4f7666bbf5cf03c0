from __future__ import annotations

import json
from typing import Any

import pytest

from lsp_server.domain.errors import ModelError, ModelMisbehaved, ModelRefused, ModelUnavailable
from lsp_server.embedders.http import BATCH_TEXTS, WAITS_SECONDS, HttpEmbedder
from tests.fakes.wire_server import Reply, WireServer


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    return Reply((json.dumps(body).encode(),), status, "application/json", headers)


def vectors(*rows: list[float]) -> Reply:
    """Last row first: the index decides, not the order."""
    data = [{"index": i, "embedding": row, "object": "embedding"} for i, row in enumerate(rows)]
    return reply({"data": data[::-1], "model": "some"})


class Waits:
    """A clock that only notes what was waited."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def test_vectors_come_in_the_order_of_their_texts() -> None:
    async with (
        WireServer(vectors([1.0, 0.0], [0.0, 1.0])).serving() as server,
        HttpEmbedder(server.base_url, "some", api_key="k-1") as http,
    ):
        assert http.dimension == 0
        assert list(await http.embed(["a", "b"])) == [[1.0, 0.0], [0.0, 1.0]]
        assert http.dimension == 2
        (request,) = server.requests
        assert request.path == "/v1/embeddings"
        assert json.loads(request.body) == {"model": "some", "input": ["a", "b"]}
        assert request.headers["authorization"] == "Bearer k-1"


async def test_many_texts_go_in_batches() -> None:
    rows = [[float(i), 1.0] for i in range(BATCH_TEXTS)]
    async with (
        WireServer(vectors(*rows), vectors([9.0, 9.0])).serving() as server,
        HttpEmbedder(server.base_url, "some") as http,
    ):
        assert len(await http.embed(["t"] * (BATCH_TEXTS + 1))) == BATCH_TEXTS + 1
        assert len(server.requests) == 2


async def test_a_passing_failure_is_waited_out() -> None:
    waits = Waits()
    failures = (reply({}, 503), reply({}, 429, **{"Retry-After": "3"}))
    async with (
        WireServer(*failures, vectors([1.0])).serving() as server,
        HttpEmbedder(server.base_url, "some", sleep=waits.sleep) as http,
    ):
        assert list(await http.embed(["a"])) == [[1.0]]
    assert waits.seconds == [WAITS_SECONDS[0], 3.0]


@pytest.mark.parametrize(
    ("answer", "error", "tries"),
    [
        (reply({}, 503), ModelUnavailable, 1 + len(WAITS_SECONDS)),
        (reply({}, 401), ModelRefused, 1),
        (reply({}, 404), ModelRefused, 1),
        (reply({"data": []}), ModelMisbehaved, 1),
        (reply({"hello": 1}), ModelMisbehaved, 1),
        (vectors([1.0], [2.0, 3.0]), ModelMisbehaved, 1),
    ],
)
async def test_what_does_not_pass_is_an_error(
    answer: Reply, error: type[ModelError], tries: int
) -> None:
    async with (
        WireServer(answer).serving() as server,
        HttpEmbedder(server.base_url, "some", api_key="secret-key", sleep=Waits().sleep) as http,
    ):
        with pytest.raises(error) as raised:
            await http.embed(["a", "b"])
        assert "secret-key" not in str(raised.value)
        assert len(server.requests) == tries


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with HttpEmbedder("http://127.0.0.1:9/v1", "some", sleep=Waits().sleep) as http:
        with pytest.raises(ModelUnavailable, match="cannot be reached"):
            await http.embed(["a"])


def test_the_fingerprint_names_place_and_model_without_credentials() -> None:
    http = HttpEmbedder("https://user:pass@host/v1?key=1", "some")
    assert http.fingerprint == "http-https://host/v1-some"
