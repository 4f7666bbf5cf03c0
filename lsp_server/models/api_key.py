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
from dataclasses import dataclass
from types import MappingProxyType

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings.address import is_same_origin
from lsp_server.settings.sections import ModelSettings, Wire

KEY_VARIABLE = "HOLDFAST_API_KEY"


@dataclass(frozen=True, slots=True)
class VendorKey:
    """A `VendorKey` is the variable of a vendor's key, with what says for which address it is.

    That is the variable `address`, and where it is not set the vendor's own, `base_url`.
    """

    variable: str
    address: str
    base_url: str

    def is_for(self, settings: ModelSettings, environment: Mapping[str, str]) -> bool:
        """Returns whether the key may go to the endpoint of the settings.

        Other vendors speak the protocol as well, so that the worker's may be anywhere, unless
        the environment names another address; a role that is elsewhere has to be the vendor's.
        """
        named = environment.get(self.address, "").strip()
        if not named and settings.key_setting is None:
            return True
        return is_same_origin(settings.base_url or "", named or self.base_url)


_OPENAI = VendorKey("OPENAI_API_KEY", "OPENAI_BASE_URL", "https://api.openai.com/v1")
_ANTHROPIC = VendorKey("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "https://api.anthropic.com/v1")
# A key of another vendor is not for this one.
VENDOR_KEYS: Mapping[Wire, VendorKey] = MappingProxyType(
    {"chat": _OPENAI, "responses": _OPENAI, "messages": _ANTHROPIC}
)
"""Where the key of an endpoint is looked for last, by its wire."""
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

    `api_key_command` belongs to one endpoint, so it wins over HOLDFAST_API_KEY, which is the
    worker's and wins over the vendor's own (`VENDOR_KEYS`). A key that was set for another
    origin is none. `seconds_max` is the time that the command gets. Raises ConfigurationError.
    """
    if settings.api_key_command is not None:
        try:
            return await _printed_by(settings.api_key_command, seconds_max)
        except _NoKeyError as error:
            setting = settings.key_setting or settings.setting("api_key_command")
            raise ConfigurationError(f"{setting} {error}", key=setting) from error
    vendor = VENDOR_KEYS[settings.wire]
    own = environment.get(KEY_VARIABLE, "").strip() if settings.key_setting is None else ""
    of_vendor = environment.get(vendor.variable, "").strip()
    return own or (of_vendor if vendor.is_for(settings, environment) else "") or None


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
        raise _NoKeyError(f"has unbalanced quotes ({error})") from error
    if not words:
        raise _NoKeyError("is empty")
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
        raise _NoKeyError(f"cannot be run: {program}: {error.strerror}") from error
    ended = False
    try:
        async with asyncio.timeout(seconds_max):
            output = await _output(process)
            status = await process.wait()
        ended = True
    except TimeoutError:
        raise _NoKeyError(f"did not end within {seconds_max:g} s: {program}") from None
    finally:
        if not ended:
            await _end(process)
    if status != 0:
        raise _NoKeyError(f"ended with exit status {status}: {program}")
    printed = output.decode("utf-8", "replace").split()
    if not printed:
        raise _NoKeyError(f"printed nothing: {program}")
    return printed[0]


async def _output(process: asyncio.subprocess.Process) -> bytes:
    """All that the process prints. Raises ConfigurationError when that is too long for a key."""
    assert process.stdout is not None
    try:
        await process.stdout.readexactly(KEY_BYTES_MAX + 1)
    except asyncio.IncompleteReadError as ended:
        return ended.partial
    raise _NoKeyError(f"prints more than {KEY_BYTES_MAX} bytes, which is no key")


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


class _NoKeyError(Exception):
    """A `_NoKeyError` says what a command did instead of printing a key."""
