"""This module says in which sandbox the processes of a workspace run, and makes it at its first use."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import lsp_server
from lsp_server.domain.errors import ConfigurationError
from lsp_server.sandbox.choice import ProbedSandbox, SandboxMode, choose, require_own_network
from lsp_server.sandbox.environment import sandbox_environment
from lsp_server.sandbox.policy import (
    Policy,
    PolicyRules,
    cache_folders,
    reading_policy,
    showing,
    workspace_policy,
)
from lsp_server.sandbox.process_tree import start_whole
from lsp_server.sandbox.protected_files import ProtectedFiles, Restored
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess
from lsp_server.sandbox.shared_network import SharedNetwork
from lsp_server.settings.sandbox_settings import SandboxSettings
from lsp_server.settings.sections import Settings
from lsp_server.system.cancellation import to_its_end
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.commands.project_commands import ProjectCommandRunner
from lsp_server.workspace.commands.project_environment import ProjectEnvironment
from lsp_server.workspace.commands.sandboxed_commands import (
    ConfiningCommandRunner,
    PolicyFactory,
    SandboxedCommandRunner,
)
from lsp_server.workspace.git.repository import repository_folders

OWN_PLACES = (sys.prefix, sys.base_prefix, *lsp_server.__path__)
"""What a Python of ours is made of, wherever it was installed."""

LoadConfined: TypeAlias = Callable[[Path, CommandRunner], Awaitable[ProjectEnvironment]]
"""Returns what a project sets for its commands; the runner confines the program that says so."""


async def load_nothing(folder: Path, runner: CommandRunner) -> ProjectEnvironment:
    """Loads nothing, for where no person can have trusted a folder."""
    del folder, runner
    return ProjectEnvironment()


class Sandboxes:
    """`Sandboxes` are what starts the processes of one workspace, each as confined as it has to be.

    Commands run by the settings of their run, Holdfast's own programs always without
    the right to change anything or to reach the network. `own_folders` hold Holdfast's
    data and settings, which nothing in a sandbox sees; `host` runs what is not
    confined. What is `shown` is read wherever it lies, and `load` gives what a project sets for
    its commands. Which mechanism holds is found out at the first use, in a thread, as that
    takes some tenths of a second.
    """

    def __init__(
        self,
        root: Path,
        own_folders: Iterable[Path],
        host: CommandRunner,
        copied_from: Path | None = None,
        shown: Iterable[Path] = (),
        load: LoadConfined = load_nothing,
    ) -> None:
        self._root = root
        self._all_own_folders = tuple(own_folders)
        # In a workspace below one of them, its parts would be hidden from its own commands. A copy
        # of ours lies there, and is all that its commands may see of it.
        is_ours = copied_from is not None
        own = self._all_own_folders
        self._own_folders = tuple(one for one in own if is_ours or not root.is_relative_to(one))
        self._copied_from = copied_from
        self._shown = tuple(shown)
        self.host = host
        self._load = load
        self._lock = asyncio.Lock()
        self._runners: dict[tuple[SandboxMode, PolicyRules | None], SandboxedCommandRunner] = {}

    def of_copy(self, root: Path) -> Sandboxes:
        """Returns those of a copy of this workspace, which Holdfast keeps among its own data.

        Its commands may change the copy alone. They read this workspace, where links of the copy
        lead, and nothing else of what Holdfast keeps.
        """
        own = self._all_own_folders
        return Sandboxes(root, own, self.host, copied_from=self._root, load=self._load)

    def commands(
        self, settings: Callable[[], Settings], network: SharedNetwork | None = None
    ) -> ProjectCommandRunner:
        """Returns the runner for commands under the settings of the moment; nothing is tried yet.

        In the mode `sandboxed` all run in the sandbox, in the others those that only
        read; where no sandbox holds, all run without one. They may have a `network` in common.
        They find the programs of the project first.
        """
        joined: dict[SandboxedCommandRunner, SandboxedCommandRunner] = {}

        async def find() -> CommandRunner | None:
            found = await self._find(settings().sandbox)
            if found is None or network is None:
                return found
            if found not in joined:
                joined[found] = found.sharing(network)
            return joined[found]

        confining = ConfiningCommandRunner(
            self.host,
            find,
            confines_all=lambda: settings().permissions.mode == "sandboxed",
        )
        loading = ConfiningCommandRunner(self.host, find, confines_all=lambda: True)
        return ProjectCommandRunner(
            confining,
            lambda: settings().run.python or "",
            lambda folder: self._load(folder, loading),
        )

    def own_programs(self, current: Callable[[], Settings]) -> CommandRunner:
        """Returns the runner for programs that Holdfast needs itself, as ripgrep and git.

        They only read, and see what Holdfast keeps in the system's temporary folder.
        """
        return ConfiningCommandRunner(
            self.host,
            lambda: self._runner(current().sandbox.mode, None, self._own_policy),
            confines_all=lambda: True,
        )

    async def start_own(
        self, current: Callable[[], Settings], spec: ProcessSpec
    ) -> SandboxedProcess:
        """Starts a process that only reads and that works for longer. Raises OSError."""
        mode = current().sandbox.mode
        return await start_whole(lambda: _start(mode, self._own_policy(None), spec))

    async def start_confined(
        self, current: Callable[[], Settings], spec: ProcessSpec
    ) -> SandboxedProcess:
        """Starts a program that a checkout names, held as a command is. Raises OSError.

        Where no sandbox holds it has the rights of the user, who trusted it.
        """
        sandbox = current().sandbox
        return await start_whole(
            lambda: _start(sandbox.mode, self._policy(self._rules(sandbox), None), spec)
        )

    @asynccontextmanager
    async def protecting(
        self, sandbox: SandboxSettings, spared: Callable[[], Collection[Path]]
    ) -> AsyncIterator[list[Restored]]:
        """Puts back what a process that `start_confined` started in the block changed in protected files.

        The list has it once the block has ended. Paths that are `spared` stay; where no sandbox
        holds, all does.
        """
        restored: list[Restored] = []
        found = await self._find(sandbox)
        if found is None:
            yield restored
            return
        rules = self._rules(sandbox)
        before = await asyncio.to_thread(lambda: ProtectedFiles(self._policy(rules, None)))

        def put_back() -> tuple[Restored, ...]:
            # Made anew, since the process may have made new places.
            now, new_alone = self._policy(rules, None).protected, found.sandbox.holds_protected
            return before.put_back(now, new_alone=new_alone, spared=spared())

        try:
            yield restored
        finally:
            restored += await to_its_end(lambda _: asyncio.to_thread(put_back))

    async def confine_commands(self, settings: Settings) -> bool:
        """Says whether all commands under these settings run in a sandbox that holds.

        Raises ConfigurationError where the mode needs a sandbox, and the mechanism that
        the settings name does not hold or cannot let in the hosts that they name.
        """
        if settings.permissions.mode != "sandboxed":
            return False
        if settings.sandbox.mode not in ("auto", "off"):
            async with self._lock:
                await asyncio.to_thread(choose, settings.sandbox.mode)
        found = await self._find(settings.sandbox)
        if found is not None and settings.sandbox.hosts:
            require_own_network(found.sandbox)
        return found is not None

    async def holds(self, sandbox: SandboxSettings) -> bool:
        """Says whether a sandbox under these settings holds here."""
        return await self._find(sandbox) is not None

    async def _find(self, sandbox: SandboxSettings) -> SandboxedCommandRunner | None:
        rules = self._rules(sandbox)
        return await self._runner(sandbox.mode, rules, partial(self._policy, rules))

    async def _runner(
        self, mode: SandboxMode, rules: PolicyRules | None, policy: PolicyFactory
    ) -> SandboxedCommandRunner | None:
        # One at a time, so that nothing is tried twice.
        async with self._lock:
            if (mode, rules) not in self._runners:
                found = await asyncio.to_thread(_holding, mode)
                if found is None:
                    return None
                self._runners[mode, rules] = SandboxedCommandRunner(found.sandbox, policy)
            return self._runners[mode, rules]

    def _rules(self, sandbox: SandboxSettings) -> PolicyRules:
        return PolicyRules(
            sandbox.network,
            _places(self._root, sandbox.write),
            _places(self._root, sandbox.hide),
            sandbox.caches,
            tuple(map(Path, sandbox.devices)),
            sandbox.hosts,
        )

    def _policy(self, rules: PolicyRules, scratch: Path | None) -> Policy:
        for folder in cache_folders(rules.caches):
            # What is not there cannot be opened, and a first use would fail.
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
        policy = workspace_policy(self._root, self._own_folders, scratch, rules)
        # What lets hosts in is a Python of ours.
        own = map(Path, OWN_PLACES) if policy.hosts else ()
        return showing(policy, (*own, *self._around()))

    def _around(self) -> tuple[Path, ...]:
        """Returns what is read although it may lie in a place that is hidden or private."""
        original = () if self._copied_from is None else (self._copied_from,)
        return (*repository_folders(self._root), *original, *self._shown)

    def _own_policy(self, scratch: Path | None) -> Policy:
        policy = workspace_policy(self._root, self._own_folders, scratch, protects=False)
        places = (tempfile.gettempdir(), *OWN_PLACES)
        shown = (*(Path(one).resolve() for one in places), *self._around())
        return showing(reading_policy(policy), shown)


def _places(root: Path, texts: Iterable[str]) -> tuple[Path, ...]:
    return tuple(root / Path(text).expanduser() for text in texts)


def sandbox_holds(sandbox: SandboxSettings) -> bool:
    """Says whether a sandbox under these settings holds here. Blocking, at first some tenths of a second."""
    return _holding(sandbox.mode) is not None


def _start(mode: SandboxMode, policy: Policy, spec: ProcessSpec) -> SandboxedProcess:
    """Starts a process held to a policy, where something holds. Blocking; raises OSError."""
    found = _holding(mode) or choose("off")
    environment = sandbox_environment(spec.environment, policy)
    return found.sandbox.start(replace(spec, environment=environment), policy)


def _holding(mode: SandboxMode) -> ProbedSandbox | None:
    """The mechanism if it holds. Blocking."""
    try:
        found = choose(mode)
    except ConfigurationError:
        return None
    return found if found.holds else None
