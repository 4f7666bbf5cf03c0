"""This module gets vectors of texts from any OpenAI-compatible `/v1/embeddings`."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

import httpx
from pydantic import BaseModel, ValidationError

from lsp_server.domain.errors import (
    ConfigurationError,
    ModelMisbehaved,
    ModelRefused,
    ModelUnavailable,
)
from lsp_server.settings.address import without_credentials
from lsp_server.system.proxies import proxy_for
from lsp_server.text.count import count_of

BATCH_TEXTS = 64
TIMEOUT_SECONDS = 60.0
CONNECT_TIMEOUT_SECONDS = 10.0
WAITS_SECONDS = (0.5, 2.0, 8.0)
"""The waits between the tries of one batch."""
RETRY_AFTER_SECONDS_MAX = 30.0
TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class HttpEmbedder:
    """An `HttpEmbedder` gets its vectors from an endpoint.

    Close it, or use it in an `async with` block.

    `base_url` ends with the version, as in `http://localhost:11434/v1`; `model` is
    the name that the endpoint knows. The constructor raises ConfigurationError where the
    environment names a proxy or certificates that cannot be used. `dimension` is 0 until the first answer; then
    all vectors must have it. They are as the endpoint makes them, of any length.

    Example::

        async with HttpEmbedder("http://localhost:11434/v1", "nomic-embed-text") as embedder:
            vectors = await embedder.embed(["def load(path): ...", "read a file"])
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._place = without_credentials(base_url)
        self._model = model
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            headers=headers,
            timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            transport=_transport(base_url),
        )
        self.dimension = 0

    @property
    def fingerprint(self) -> str:
        """Returns a name of the vectors: the endpoint without credentials, and the model."""
        return f"http-{self._place}-{self._model}"

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Returns the vectors of the texts, in their order, asked for in batches of BATCH_TEXTS.

        Raises ModelUnavailable when the endpoint did not recover within WAITS_SECONDS,
        ModelRefused when it will not serve, and ModelMisbehaved when its answer is no
        list of vectors.
        """
        vectors: list[Sequence[float]] = []
        for start in range(0, len(texts), BATCH_TEXTS):
            vectors += await self._batch(texts[start : start + BATCH_TEXTS])
        return vectors

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _batch(self, texts: Sequence[str]) -> list[list[float]]:
        for wait_seconds in WAITS_SECONDS:
            try:
                return await self._ask(texts)
            except ModelUnavailable as error:
                await self._sleep(max(wait_seconds, error.retry_after_seconds or 0.0))
        return await self._ask(texts)

    async def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        try:
            response = await self._client.post(
                "embeddings", json={"model": self._model, "input": list(texts)}
            )
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
            raise ModelRefused(
                f"{self._place} cannot be asked; correct memory.embedding_base_url"
            ) from error
        except httpx.HTTPError as error:
            # The error's own text is left out: it may quote headers.
            raise ModelUnavailable(f"{self._place} cannot be reached for embeddings") from error
        if response.status_code in TRANSIENT:
            raise ModelUnavailable(
                f"{self._place} answered {response.status_code} to an embedding",
                retry_after_seconds=_retry_after_seconds(response),
            )
        if response.is_error:
            raise ModelRefused(
                f"{self._place} refused to embed with {self._model!r}: status "
                f"{response.status_code}; check memory.embedding_model and the key"
            )
        return self._vectors(response, len(texts))

    def _vectors(self, response: httpx.Response, count: int) -> list[list[float]]:
        try:
            answer = EmbeddingsAnswer.model_validate_json(response.content)
        except ValidationError as error:
            raise ModelMisbehaved(
                f"{self._place} sent something else than embeddings; "
                "check memory.embedding_base_url, it ends with the version, as in /v1"
            ) from error
        rows = [row.embedding for row in sorted(answer.data, key=lambda row: row.index)]
        sizes = {len(row) for row in rows}
        if len(rows) != count or len(sizes) != 1 or self.dimension not in (0, *sizes):
            raise ModelMisbehaved(
                f"{self._place} sent {count_of(len(rows), 'vector')} "
                f"of sizes {sorted(sizes)} for {count_of(count, 'text')}"
            )
        self.dimension = sizes.pop()
        return rows


class EmbeddingRow(BaseModel):
    """An `EmbeddingRow` is one vector of an answer; `index` is the place of its text."""

    index: int
    embedding: list[float]


class EmbeddingsAnswer(BaseModel):
    """An `EmbeddingsAnswer` is the answer of an endpoint, whose rows may come in any order."""

    data: list[EmbeddingRow]


def _retry_after_seconds(response: httpx.Response) -> float | None:
    # The header may also be a date, which no endpoint for embeddings was seen to send.
    try:
        asked = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(max(asked, 0.0), RETRY_AFTER_SECONDS_MAX)


def _transport(base_url: str) -> httpx.AsyncHTTPTransport:
    """The way to an endpoint, with proxies and certificates from the environment."""
    proxy = proxy_for(base_url)
    # Plain HTTP never looks at certificates, which may be gone.
    verify = base_url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.AsyncHTTPTransport(verify=verify, proxy=proxy.url if proxy else None)
    except (OSError, ValueError, ImportError) as error:
        raise ConfigurationError(
            "the proxy or the certificates that the environment names for "
            f"{without_credentials(base_url)} cannot be used; correct or unset them"
        ) from error
