"""This module writes the report for a person who wonders why something does not work."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

from lsp_server.assemble.session import diagnose
from lsp_server.server.client import Client
from lsp_server.server.folders import Folders
from lsp_server.server.meeting.census import background_servers
from lsp_server.session.session import Session
from lsp_server.settings.folders import data_folder


class DoctorReport:
    """A `DoctorReport` adds the editor and its folders to the general report."""

    def __init__(
        self, client: Client, folders: Folders, editor: str, *, outlives_editor: bool
    ) -> None:
        self._outlives_editor = outlives_editor
        self._client = client
        self._folders = folders
        self._editor = editor

    async def write(self, session: Session | None) -> Path:
        """Writes the report on a session, or on none, and returns its file. Raises OSError."""
        path = data_folder() / "doctor.md"
        await asyncio.to_thread(_write, path, await self.text(session))
        return path

    async def text(self, session: Session | None) -> str:
        """Returns the report on a session, or on none, as Markdown."""
        servers = await asyncio.to_thread(background_servers)
        sections = [
            ("Editor", self._editor_text()),
            ("Workspace folders", self._folders_text()),
            ("Background servers", servers),
        ]
        return await diagnose(session, sections)

    def _editor_text(self) -> str:
        rows = [f"- {name}: {value}" for name, value in asdict(self._client.can).items()]
        end = "goes on when the editor closes" if self._outlives_editor else "ends with the editor"
        return "\n".join([self._editor, "", f"- this server {end}", *rows])

    def _folders_text(self) -> str:
        rows = [
            f"- {folder.root}: {folder.problem or ('open' if folder.session else 'opening')}"
            for folder in self._folders
        ]
        return "\n".join(rows) or "none"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
