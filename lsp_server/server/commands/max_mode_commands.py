"""This module has the commands of Max Mode: propose, accept, switch."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.domain.tasks import Sampling
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.run_commands import run_id_of
from lsp_server.server.commands.targets import locate, task_of
from lsp_server.server.params.base import Reply
from lsp_server.server.params.run_params import MaxAccept, MaxPropose, MaxSwitch, RunStart
from lsp_server.server.protocol import CommandName
from lsp_server.session.permission_mode import require_mode


class MaxModeCommands:
    """`MaxModeCommands` has the commands about several candidates for one step."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.MAX_PROPOSE, MaxPropose, self._propose),
            ServerCommand(CommandName.MAX_ACCEPT, MaxAccept, self._accept),
            ServerCommand(CommandName.MAX_SWITCH, MaxSwitch, self._switch),
        )

    async def _propose(self, arguments: MaxPropose) -> Reply:
        folder, path = locate(arguments.uri, self._context.folders)
        session = folder.require_session()
        start = RunStart.model_validate(arguments.model_dump(by_alias=True, exclude_none=True))
        task = await task_of(start, folder, path, self._context.client.can.encoding)
        self._context.folders.use(folder)
        sampling = Sampling(samples=arguments.samples, propose=True)
        mode = arguments.permissions
        if mode is not None:
            await require_mode(mode, session.settings, task.mode)
        started = session.runs.start(replace(task, sampling=sampling), permissions=mode)
        run = started.summary()
        if arguments.samples == 1:
            return Reply(state=run.state, message=f"proposing: {run.title}", run_id=run.run_id)
        self._context.show_comparison(session, started)
        message = f"sampling candidates for: {run.title}; a comparison opens when they are judged"
        return Reply(state=run.state, message=message, run_id=run.run_id)

    async def _accept(self, arguments: MaxAccept) -> Reply:
        run_id = run_id_of(arguments.proposal_id)
        session = self._context.session_of_run(run_id)
        run = session.proposals.accept(run_id, arguments.candidate).summary()
        return Reply(state=run.state, message=f"accepted: {run.title}", run_id=run.run_id)

    async def _switch(self, arguments: MaxSwitch) -> Reply:
        run_id = run_id_of(arguments.run_id)
        session = self._context.session_of_run(run_id, active=True)
        on = None if arguments.to is None else arguments.to == "on"
        active = session.runs.active_run(run_id)
        active.switch_max_mode(on=on, samples=arguments.samples)
        run = active.summary()
        state = "on" if run.max_mode else "off"
        message = f"Max Mode {state} from the next step on: {run.title}"
        self._context.show_message(message)
        return Reply(state=run.state, message=message, run_id=run.run_id)
