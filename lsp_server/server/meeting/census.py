"""This module knows all background servers of a person: how they are, and how to end them.

It asks them on their sockets, so what it says is as it is now. All of it blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lsp_server import __version__
from lsp_server.domain.errors import ConfigurationError
from lsp_server.server.meeting.greeting import Greeting, Welcome, Wish, greet
from lsp_server.server.meeting.meeting_place import MeetingPlace, all_places
from lsp_server.settings.folders import data_folder

END_SECONDS_MAX = 15.0


def background_servers() -> str:
    """Returns a line for each server, for the doctor's report."""
    lines = [
        f"- {_described(answer) if isinstance(answer, Welcome) else answer}"
        for _, answer in _ask_all("status")
    ]
    return "\n".join(lines) or "none"


def stop_servers(folder: Path | None) -> tuple[list[str], bool]:
    """Ends all background servers, or those that work in a folder.

    Returns a sentence for each, and whether all have ended. Their runs are stopped, to be resumed.
    """
    wanted = os.path.realpath(folder) if folder is not None else None
    said: list[str] = []
    ended = True
    for place, answer in _ask_all("status"):
        if isinstance(answer, str):
            said.append(answer)
            ended = False
        elif wanted is None or wanted in answer.folders:
            gone = _stop(place)
            said.append(f"{'ended' if gone else 'still there'}: {_described(answer)}")
            ended = ended and gone
    return said, ended


def _stop(place: MeetingPlace) -> bool:
    """Ends the server there, and waits until it has ended."""
    with suppress(ConfigurationError, OSError):
        client = place.connect()
        if client is None:
            return True
        with client:
            greet(client, Greeting(place.token(), __version__, "stop"))
            client.settimeout(END_SECONDS_MAX)
            # It closes the connection when its sessions are closed.
            return client.recv(1) == b""
    return False


def _ask_all(wish: Wish) -> Iterator[tuple[MeetingPlace, Welcome | str]]:
    """Yields what each server says, or why it does not."""
    for place in all_places(data_folder()):
        try:
            place.check()
            client = place.connect()
            if client is None:
                continue
            with client:
                answer = greet(client, Greeting(place.token(), __version__, wish))
        except (ConfigurationError, OSError) as error:
            yield place, f"{place.folder}: {error}"
            continue
        if answer is not None:
            yield place, answer if not answer.problem else f"{place.folder}: {answer.problem}"


def _described(server: Welcome) -> str:
    folders = ", ".join(server.folders) or "no folder"
    return (
        f"process {server.pid}, Holdfast {server.version}, {folders}: "
        f"editors {server.editors}, runs at work {server.runs}"
    )
