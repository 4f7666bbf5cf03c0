"""This module has the `.envrc` of a project, which direnv loads for its commands once a person trusts it."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.hooks.scripts import Script, scripts
from lsp_server.redaction.secrets import is_secret_file, secrets_in_environment
from lsp_server.session.trust import Trust, TrustItem, TrustState, waits
from lsp_server.settings.regular_files import read_whole
from lsp_server.text.markdown import code_block
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.commands.direnv import ENVRC, MISSING, find_direnv, load_envrc
from lsp_server.workspace.commands.project_environment import ProjectEnvironment

FILE_BYTES_MAX = 200_000
LOADED_MAX = 20
"""So many loads are kept: that of the workspace, and those of its copies."""
DOTENV = ".env"
"""What `dotenv` reads where it names no file; who changes it wants another load and no question."""

WAITS = (
    f"{ENVRC} is not loaded, as nobody has trusted it; `holdfast trust` or the command "
    "holdfast.trust shows it and asks"
)


@dataclass(frozen=True, slots=True)
class _Envrc:
    """The text of an `.envrc`, and the files of the project that it names."""

    text: str
    files: tuple[Script, ...]
    dotenv: bytes

    @property
    def item(self) -> TrustItem:
        parts = [self.text, *(f"{one.path} {one.digest}" for one in self.files)]
        shown = ["direnv runs it in the sandbox of commands, which get what it sets:"]
        shown.append(code_block(self.text))
        for file in self.files:
            shown += [f"Its file {file.path}:", code_block(file.text)]
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
        summary = f"environment {ENVRC}: what commands and checks find set"
        return TrustItem(f"environment {ENVRC}", summary, "\n\n".join(shown), digest.hexdigest())


class SessionEnvrc:
    """A `SessionEnvrc` loads the `.envrc` of the workspace at `root`, or of a copy of it."""

    def __init__(self, root: Path, trust: Trust) -> None:
        self._root = root
        self._trust = trust
        self._loading = asyncio.Lock()
        self._loaded: dict[tuple[Path, str, bytes], ProjectEnvironment] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Returns what is secret of all that was loaded, to keep it out of all records."""
        environments = [dict(one.variables) for one in self._loaded.values()]
        return tuple(
            value
            for each in environments
            for value in secrets_in_environment({k: v for k, v in each.items() if v is not None})
        )

    async def brought(self) -> tuple[TrustItem, ...]:
        """Returns what a person has to look at; nothing where direnv could not load it."""
        found = await asyncio.to_thread(_read, self._root)
        there = found is not None and await asyncio.to_thread(find_direnv, self._root) is not None
        return (found.item,) if found is not None and there else ()

    async def environment(self, folder: Path, runner: CommandRunner) -> ProjectEnvironment:
        """Returns what the `.envrc` of a folder sets, loaded anew when it changed; `runner` confines it.

        Raises nothing: what is in the way is a problem of the environment.
        """
        found = await asyncio.to_thread(_read, folder)
        if found is None:
            return ProjectEnvironment()
        direnv = await asyncio.to_thread(find_direnv, folder)
        if direnv is None:
            return ProjectEnvironment(problems=(MISSING,))
        item = found.item
        state = await asyncio.to_thread(self._trust.state, item)
        if state != "trusted":
            return ProjectEnvironment(problems=(WAITS,) if waits(state) else ())
        key = (folder, item.fingerprint, found.dotenv)
        async with self._loading:
            if key not in self._loaded:
                environment = await load_envrc(folder, direnv, runner)
                self._loaded = {
                    **dict(list(self._loaded.items())[1 - LOADED_MAX :]),
                    key: environment,
                }
            return self._loaded[key]

    async def described(self) -> str | None:
        """Says how it stands with the `.envrc`; None where there is none. Loads nothing."""
        found = await asyncio.to_thread(_read, self._root)
        if found is None:
            return None
        if await asyncio.to_thread(find_direnv, self._root) is None:
            return MISSING
        state = await asyncio.to_thread(self._trust.state, found.item)
        return _STATES.get(state, WAITS)


_STATES: dict[TrustState, str] = {
    "trusted": f"{ENVRC} is trusted, and loaded by direnv before the first command",
    "refused": f"{ENVRC} is not loaded, as you refused it; `holdfast trust` asks again",
}


def _read(folder: Path) -> _Envrc | None:
    """The `.envrc` of a folder, None where there is none that can be read. Blocking."""
    path = folder / ENVRC
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return None
        text = read_whole(path, FILE_BYTES_MAX).decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return None
    dotenv = b""
    with suppress(OSError, ValueError):
        dotenv = hashlib.sha256(read_whole(folder / DOTENV, FILE_BYTES_MAX)).digest()
    named = (one for one in scripts(text, folder.resolve()) if not is_secret_file(one.path))
    return _Envrc(text, tuple(one for one in named if one.path != ENVRC), dotenv)
