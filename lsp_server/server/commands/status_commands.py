"""This module has the commands that say how things are: the status, and the doctor's report."""

from __future__ import annotations

from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.doctor_report import DoctorReport
from lsp_server.server.params.base import NoParams, Reply
from lsp_server.server.params.method_params import Status
from lsp_server.server.protocol import CommandName


class StatusCommands:
    """`StatusCommands` has the commands that say how everything is."""

    def __init__(self, context: CommandContext, doctor: DoctorReport) -> None:
        self._context = context
        self._doctor = doctor

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.STATUS, NoParams, self._status),
            ServerCommand(CommandName.DOCTOR, NoParams, self._examine),
        )

    async def _status(self, _: NoParams) -> Status:
        status = self._context.status.status()
        more = "; runs go on when the editor closes" if status.outlives_editor else ""
        self._context.show_message(f"{status.state}: {status.message}{more}")
        return status

    async def _examine(self, _: NoParams) -> Reply:
        return await self._context.reply_soon(
            self._write_report(), "the report is being written; it opens when it is done"
        )

    async def _write_report(self) -> Reply:
        current = self._context.folders.current
        session = current.session if current is not None else None
        documents = self._context.documents
        if documents.are_shown:
            address = documents.page("doctor.md", await self._doctor.text(session))
            uri = self._context.show_virtual(address)
            return Reply(state=self._context.state, message="the report is open", uri=uri)
        path = await self._doctor.write(session)
        uri = self._context.show_document(path)
        return Reply(state=self._context.state, message=f"the report is {path}", uri=uri)
