"""This module finds the API key and makes the headers of it. The key is never logged or quoted.

`api_key_command` is the person's own and no project can set it. It asks a keyring, an agent
of keys or a network, so it runs without a sandbox, but not in a checkout: a relative name, in
it or on the PATH, means nothing that a project brings.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings.sections import ModelSettings, Wire

KEY_VARIABLES: Mapping[Wire, tuple[str, ...]] = MappingProxyType(
    {
        "chat": ("HOLDFAST_API_KEY", "OPENAI_API_KEY"),
        "responses": ("HOLDFAST_API_KEY", "OPENAI_API_KEY"),
        # A key of another vendor is not for this one.
        "messages": ("HOLDFAST_API_KEY", "ANTHROPIC_API_KEY"),
    }
)
"""Where the key of an endpoint is looked for, by its wire, the more particular one first."""
ANTHROPIC_VERSION = "2023-06-01"
KEY_COMMAND_SECONDS_MAX = 30.0
"""Long enough for a person to unlock a password store."""
KEY_BYTES_MAX = 16_384
KILL_SECONDS_MAX = 1.0
"""The time that a process gets to end once it was killed."""


async def find_api_key(
    settings: ModelSettings,
    *,
    environment: Mapping[str, str] = os.environ,
    seconds_max: float = KEY_COMMAND_SECONDS_MAX,
) -> str | None:
    """Finds the key in the most particular place that has one; None when none has.

    `api_key_command` belongs to one endpoint, so it wins over HOLDFAST_API_KEY,
    which wins over the vendor's own (`KEY_VARIABLES`). `seconds_max` is the time that the command gets.
    Raises ConfigurationError.
    """
    if settings.api_key_command is not None:
        return await _printed_by(settings.api_key_command, seconds_max)
    for variable in KEY_VARIABLES[settings.wire]:
        if key := environment.get(variable, "").strip():
            return key
    return None


def key_headers(
    api_key: str | None, wire: Wire = "chat", *, bearer: bool = False
) -> dict[str, str]:
    """Returns the headers that carry the key, and what else a wire has in them.

    Anthropic has a header of its own for the key; with `bearer` it goes where others have it.
    Raises ConfigurationError for a key that no header can carry.

    >>> key_headers("sk-1")
    {'Authorization': 'Bearer sk-1'}
    """
    headers = {"anthropic-version": ANTHROPIC_VERSION} if wire == "messages" else {}
    if api_key is None:
        return headers
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        raise ConfigurationError(
            "the API key is empty or has characters that no key has, such as line breaks or "
            "quotes from a copy; set HOLDFAST_API_KEY or model.api_key_command again"
        )
    if wire == "messages" and not bearer:
        return headers | {"x-api-key": api_key}
    return headers | {"Authorization": f"Bearer {api_key}"}


async def _printed_by(command: str, seconds_max: float) -> str:
    """The first word that a command prints. It runs without a shell, as it is split into words."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise _wrong(f"has unbalanced quotes ({error})") from error
    if not words:
        raise _wrong("is empty")
    program = words[0]
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # it may quote the key
            # A group of its own, so that what it starts can be killed with it.
            start_new_session=True,
        )
    except OSError as error:
        raise _wrong(f"cannot be run: {program}: {error.strerror}") from error
    ended = False
    try:
        async with asyncio.timeout(seconds_max):
            output = await _output(process)
            status = await process.wait()
        ended = True
    except TimeoutError:
        raise _wrong(f"did not end within {seconds_max:g} s: {program}") from None
    finally:
        if not ended:
            await _end(process)
    if status != 0:
        raise _wrong(f"ended with exit status {status}: {program}")
    printed = output.decode("utf-8", "replace").split()
    if not printed:
        raise _wrong(f"printed nothing: {program}")
    return printed[0]


async def _output(process: asyncio.subprocess.Process) -> bytes:
    """All that the process prints. Raises ConfigurationError when that is too long for a key."""
    assert process.stdout is not None
    try:
        await process.stdout.readexactly(KEY_BYTES_MAX + 1)
    except asyncio.IncompleteReadError as ended:
        return ended.partial
    raise _wrong(f"prints more than {KEY_BYTES_MAX} bytes, which is no key")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kills the process and its children."""
    assert process.stdout is not None
    # The whole group: its leader may be gone while a child is not.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(KILL_SECONDS_MAX):
            # The pipe closes only once it is read to its end.
            while await process.stdout.read(KEY_BYTES_MAX):
                pass
            await process.wait()


def _wrong(what: str) -> ConfigurationError:
    return ConfigurationError(f"model.api_key_command {what}", key="model.api_key_command")
