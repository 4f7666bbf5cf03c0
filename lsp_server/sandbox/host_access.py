"""`HostAccess` gives one command in a network of its own the hosts that a person named.

A small script runs in the sandbox before the command. It makes a socket that listens in the
command's network, hands it out to us, and becomes the command: so the proxy works outside,
and no door but this socket leads there.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from lsp_server.sandbox.host_proxy import HostProxy
from lsp_server.sandbox.named_hosts import NamedHosts
from lsp_server.sandbox.sandbox import ProcessSpec

SCRIPT = Path(__file__).with_name("host_access_script.py")
OWN_NETWORK = ("localhost", "127.0.0.1", "::1")
"""What a command reaches in its own network without the proxy."""


class HostAccess:
    """A `HostAccess` serves one command, while it is entered. Raises ValueError for hosts that are none.

    Without hosts it does nothing.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        texts = tuple(hosts)
        self._hosts = NamedHosts(texts) if texts else None
        self._proxy: HostProxy | None = None
        self._ends: tuple[socket.socket, socket.socket] | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def refused(self) -> tuple[str, ...]:
        """Returns what was asked for and is not named."""
        return tuple(self._proxy.refused) if self._proxy else ()

    async def __aenter__(self) -> Self:
        if self._hosts is not None:
            self._proxy = HostProxy(self._hosts)
            self._ends = socket.socketpair()
            self._ends[0].setblocking(False)
            asyncio.get_running_loop().add_reader(self._ends[0], self._serve)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ends is None or self._proxy is None:
            return
        self._stop_waiting()
        for end in self._ends:
            end.close()
        if self._serving is not None:
            await asyncio.gather(self._serving, return_exceptions=True)
        await self._proxy.close()

    def through(self, spec: ProcessSpec) -> ProcessSpec:
        """Returns the process that makes the socket and becomes that of `spec`."""
        if self._ends is None or self._hosts is None:
            return spec
        descriptor = self._ends[1].fileno()
        direct = () if self._hosts.has_this_machine else OWN_NETWORK
        script = SCRIPT.read_text("utf-8")
        argv = (sys.executable, "-I", "-S", "-c", script, str(descriptor), ",".join(direct))
        return replace(spec, argv=(*argv, *spec.argv), pass_fds=(*spec.pass_fds, descriptor))

    def _serve(self) -> None:
        """Takes the socket that the script made."""
        self._stop_waiting()
        if self._ends is None or self._proxy is None:
            return
        try:
            _, descriptors, _, _ = socket.recv_fds(self._ends[0], 1, 1)
        except OSError:
            return
        if descriptors:
            listener = socket.socket(fileno=descriptors[0])
            self._serving = asyncio.ensure_future(self._proxy.serve(listener))

    def _stop_waiting(self) -> None:
        if self._ends is not None:
            asyncio.get_running_loop().remove_reader(self._ends[0])
