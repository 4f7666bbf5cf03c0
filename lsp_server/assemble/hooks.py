"""This module makes the hooks of a run: which there are, how each is started, what it is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from lsp_server.agent.hook_caller import HookCaller, HookFacts
from lsp_server.agent.run_hooks import RunHooks
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.events import Warned
from lsp_server.hooks.hook import Hook
from lsp_server.hooks.hook_process import HookEnd, run_hook
from lsp_server.hooks.hooks import Hooks
from lsp_server.hooks.project_files import with_fingerprint
from lsp_server.hooks.scripts import PROJECT_VARIABLES
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.session.run_context import RunContext
from lsp_server.workspace.commands.commands import child_environment
from lsp_server.workspace.commands.sandboxed_commands import restored_names


async def run_hooks(services: WorkspaceServices, run_context: RunContext) -> RunHooks:
    """Makes the hooks of a run. Raises ConfigurationError for one of the user's that cannot be read."""
    event_log = run_context.event_log
    found = await services.extensions.hooks.usable()
    for problem in services.extensions.hooks.problems:
        event_log.emit(Warned(f"{problem}; it is left out"))
    root = services.workspace.root
    facts = HookFacts(
        run_context.run_id,
        run_context.journal_path,
        root,
        run_context.settings.permissions.mode,
        is_child=run_context.is_subagent,
        redact=services.redactor.about,
        record=partial(_record, services, run_context),
    )
    environment = child_environment(os.environ) | dict.fromkeys(PROJECT_VARIABLES, str(root))
    run = partial(_run, services, run_context, environment)
    return RunHooks(HookCaller(Hooks(found, run), event_log, facts))


async def _run(
    services: WorkspaceServices,
    run_context: RunContext,
    environment: Mapping[str, str],
    hook: Hook,
    given: bytes,
) -> HookEnd:
    root = services.workspace.root
    if not hook.trusted:
        return HookEnd(
            problem="it runs a file of this project that nobody has trusted; `holdfast trust` shows it"
        )
    if hook.fingerprint:
        # What a person trusted is run, not what the file became since, by the run itself even.
        now = await asyncio.to_thread(with_fingerprint, hook, root)
        if now.fingerprint != hook.fingerprint:
            return HookEnd(problem="it changed since it was trusted; `holdfast trust` shows it")
    if hook.outside:
        return await run_hook(hook, given, start_unconfined, root, environment)
    start = partial(services.sandboxes.start_confined, lambda: run_context.settings)
    began = services.write_turns.moment

    def written() -> list[Path]:
        return [root / path for path in services.write_turns.written_since(began)]

    async with services.sandboxes.protecting(run_context.settings.sandbox, written) as restored:
        ended = await run_hook(hook, given, start, root, environment)
    if restored:
        names = restored_names(restored, root)
        run_context.event_log.emit(
            Warned(f"a hook changed protected files, which are as before: {names}")
        )
    return ended


@asynccontextmanager
async def _record(services: WorkspaceServices, run_context: RunContext) -> AsyncIterator[list[str]]:
    """Records what hooks change, in the turn of the run: what another one writes is not theirs."""
    async with (
        services.write_turns.turn(run_context.run_id),
        services.checkpoints.record_command(run_context.event_log.emit) as changed,
    ):
        yield changed
