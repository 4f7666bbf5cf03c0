"""This module has the folder in which editors find the background server of a workspace.

It lies in the person's data and is theirs alone: whoever can connect could answer questions
of runs. So it is refused when others can enter it, and the token beside the socket has to
be shown as well.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private
from lsp_server.system.process_lock import ProcessLock

SOCKET_PATH_BYTES_MAX = 100
"""Systems take 103 or 107 bytes for the path of a socket."""
WAITING_MAX = 16
"""So many connections may wait to be accepted."""
TOKEN_BYTES = 32
TOKEN_FILE_BYTES_MAX = 200
CONNECT_SECONDS = 2.0
LOG_BYTES_MAX = 5_000_000


@dataclass(frozen=True, slots=True)
class MeetingPlace:
    """A `MeetingPlace` is the folder of one background server."""

    folder: Path

    @property
    def log(self) -> Path:
        """Returns the path of the server's log."""
        return self.folder / "server.log"

    @property
    def said(self) -> Path:
        """Returns the path of what the server printed, as when it could not start."""
        return self.folder / "server.out"

    @property
    def lock(self) -> ProcessLock:
        """Returns a lock under which one process at a time looks for the server or starts it."""
        return ProcessLock(self.folder / "start.lock")

    def prepare(self) -> None:
        """Makes the folder. Raises ConfigurationError where it cannot be private."""
        try:
            make_private(self.folder)
        except OSError as error:
            raise ConfigurationError(
                f"{self.folder} cannot be made for the background server: {error.strerror}"
            ) from error
        self.check()

    def check(self) -> None:
        """Raises ConfigurationError when somebody else may enter the folder, or it is none."""
        for folder in (self.folder.parent, self.folder):
            try:
                state = folder.lstat()
            except OSError as error:
                raise ConfigurationError(
                    f"{folder} cannot be looked at: {error.strerror}"
                ) from error
            if not stat.S_ISDIR(state.st_mode):
                raise ConfigurationError(f"{folder} is no folder; remove it")
            if state.st_uid != os.geteuid():
                raise ConfigurationError(f"{folder} belongs to somebody else; remove it")
            if state.st_mode & 0o077:
                raise ConfigurationError(
                    f"others may enter {folder}, where background servers are found; "
                    f"run: chmod 700 {folder}"
                )

    def listen(self) -> socket.socket:
        """Makes a new token and listens, in the place of what was there. Raises ConfigurationError."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        listener = socket.socket(socket.AF_UNIX)
        try:
            replace_file(self.folder / "token", token.encode(), private=True, durable=False)
            self.remove_socket()
            with self._short_path() as path:
                listener.bind(path)
            (self.folder / "socket").chmod(0o600)
            listener.listen(WAITING_MAX)
        except OSError as error:
            listener.close()
            raise ConfigurationError(
                f"no server can listen in {self.folder}: {error.strerror or error}"
            ) from error
        return listener

    def connect(self) -> socket.socket | None:
        """Connects to the server; None when there is none. Raises ConfigurationError."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(CONNECT_SECONDS)
        try:
            with self._short_path() as path:
                client.connect(path)
        except TimeoutError as error:
            client.close()
            raise ConfigurationError(
                f"the background server of {self.folder} does not answer; run: holdfast serve --stop"
            ) from error
        except OSError:
            client.close()
            return None
        return client

    def token(self) -> str:
        """Returns the token that the server of now wants to see; "" when there is none."""
        with suppress(OSError, UnicodeDecodeError), (self.folder / "token").open("rb") as file:
            return file.read(TOKEN_FILE_BYTES_MAX).decode()
        return ""

    def remove_socket(self) -> None:
        """Takes the socket away, so that nobody connects any more."""
        with suppress(OSError):
            (self.folder / "socket").unlink()

    def make_room_in_log(self) -> None:
        """Puts a log aside that is long; the one before that goes. Others cannot read it."""
        with suppress(OSError):
            if self.log.stat().st_size > LOG_BYTES_MAX:
                self.log.replace(self.log.with_suffix(".old.log"))
        with suppress(OSError):
            self.log.touch(mode=0o600)

    @contextmanager
    def _short_path(self) -> Iterator[str]:
        """Gives a path of the socket that is short enough to be one."""
        path = str(self.folder / "socket")
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
            yield path
            return
        if sys.platform != "linux":
            raise ConfigurationError(
                f"{path} is too long for a socket; set XDG_DATA_HOME to a folder with a shorter path"
            )
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{descriptor}/socket"
        finally:
            os.close(descriptor)


def place_of(data: Path, root: str) -> MeetingPlace:
    """Returns where the server is met of the workspace whose first folder is `root`.

    >>> place_of(Path("/data"), "/src/engine").folder.as_posix()
    '/data/servers/576b1993bee7'
    """
    return MeetingPlace(data / "servers" / hashlib.sha256(os.fsencode(root)).hexdigest()[:12])


def all_places(data: Path) -> list[MeetingPlace]:
    """Returns the places of all servers that there are or were."""
    with suppress(OSError):
        return [MeetingPlace(folder) for folder in sorted((data / "servers").iterdir())]
    return []
