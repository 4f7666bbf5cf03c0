"""The editor as we may use it.

Nothing is sent that the client did not declare, every request has a deadline,
and a method that it does not know is not tried again. Failing to answer is an
answer: `None` or False.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcMethodNotFound

from lsp_server.server.capabilities import Capabilities
from lsp_server.server.notices import notice
from lsp_server.server.protocol import SOURCE, Method
from lsp_server.server.transport.json_rpc import JsonRpc

log = logging.getLogger(__name__)

Level: TypeAlias = Literal["error", "warning", "info"]

ANSWER_SECONDS = 10.0
"""For what an editor does without asking a person."""

CONFIGURATION_SECONDS = 3.0
"""No session opens before the settings are known, so this holds up the start."""

PERSON_SECONDS = 24 * 3600.0
"""For what a person answers; whoever asks gives up earlier."""

_LEVELS: Mapping[Level, types.MessageType] = {
    "error": types.MessageType.Error,
    "warning": types.MessageType.Warning,
    "info": types.MessageType.Info,
}


class Client:
    """One connected editor. `can` is set by `initialize`."""

    def __init__(self, rpc: JsonRpc, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.can = Capabilities()
        self._answer_seconds = answer_seconds
        self._rpc = rpc
        self._unknown: set[str] = set()
        self._person = asyncio.Lock()

    @property
    def asks(self) -> bool:
        """Whether a person can be asked through the editor; found out by asking."""
        return types.WINDOW_SHOW_MESSAGE_REQUEST not in self._unknown

    # Said, not asked

    def show(self, level: Level, text: str) -> None:
        """A message that a person sees."""
        params = types.ShowMessageParams(_LEVELS[level], f"Holdfast: {notice(text)}")
        self._rpc.notify(types.WINDOW_SHOW_MESSAGE, params)

    def log(self, level: Level, text: str) -> None:
        """A line in the editor's log."""
        params = types.LogMessageParams(_LEVELS[level], notice(text))
        self._rpc.notify(types.WINDOW_LOG_MESSAGE, params)

    def publish(self, uri: str, diagnostics: list[types.Diagnostic]) -> None:
        """All of our diagnostics of one document."""
        self._rpc.notify(
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
            types.PublishDiagnosticsParams(uri, diagnostics),
        )

    def progress(
        self,
        token: str,
        value: types.WorkDoneProgressBegin
        | types.WorkDoneProgressReport
        | types.WorkDoneProgressEnd,
    ) -> None:
        """A report under a token that the client knows."""
        self._rpc.notify(types.PROGRESS, types.ProgressParams(token, value))

    def notify_status(self, status: dict[str, Any]) -> None:
        """`holdfast/status`, where declared."""
        if self.can.status:
            self._rpc.notify(Method.STATUS, status)

    def notify_event(self, event: dict[str, Any]) -> None:
        """`holdfast/event`, where declared."""
        if self.can.events:
            self._rpc.notify(Method.EVENT, event)

    # Asked

    async def create_progress(self, token: str) -> bool:
        """Whether reports under `token` will be seen."""
        if not self.can.progress:
            return False
        params = types.WorkDoneProgressCreateParams(token)
        return await self._done(types.WINDOW_WORK_DONE_PROGRESS_CREATE, params)

    async def choose(self, text: str, titles: Sequence[str]) -> str | None:
        """The title that a person picks; None when dismissed, or nobody can be asked here.

        One question is open at a time. Cancelling withdraws it.
        """
        actions = [types.MessageActionItem(title) for title in titles]
        params = types.ShowMessageRequestParams(
            types.MessageType.Warning, f"Holdfast: {notice(text)}", actions
        )
        async with self._person:
            picked = await self._ask(
                types.WINDOW_SHOW_MESSAGE_REQUEST, params, timeout_seconds=PERSON_SECONDS
            )
        title = getattr(picked, "title", None)
        return title if title in titles else None

    async def apply(self, params: types.ApplyWorkspaceEditParams) -> str | None:
        """None when the edit was applied, else why it was not."""
        try:
            result = await self._rpc.ask(types.WORKSPACE_APPLY_EDIT, params, self._answer_seconds)
        except TimeoutError:
            return f"the editor did not answer within {self._answer_seconds:g} s"
        except JsonRpcException as error:
            return f"the editor refused: {error}"
        if result is not None and result.applied:
            return None
        reason = result.failure_reason if result is not None else None
        return reason or "the editor did not apply it"

    async def open(self, uri: str) -> None:
        """Shows a document that exists, or says which to open where that cannot be done."""
        result = None
        if self.can.show_document:
            params = types.ShowDocumentParams(uri=uri, take_focus=True)
            result = await self._ask(types.WINDOW_SHOW_DOCUMENT, params)
        if result is None or not result.success:
            self.show("info", f"open {uri}")

    async def configuration(self, scopes: Sequence[str]) -> list[Any]:
        """The section `holdfast` for each scope, None where there is none."""
        nothing: list[Any] = [None] * len(scopes)
        if not self.can.configuration or not scopes:
            return nothing
        items = [types.ConfigurationItem(scope_uri=scope, section=SOURCE) for scope in scopes]
        result = await self._ask(
            types.WORKSPACE_CONFIGURATION,
            types.ConfigurationParams(items),
            timeout_seconds=CONFIGURATION_SECONDS,
        )
        return list(result) if result and len(result) == len(scopes) else nothing

    async def watch(self, patterns: Sequence[str]) -> bool:
        """Asks to be told of changes to files that match."""
        if not self.can.watched_files:
            return False
        watchers = [types.FileSystemWatcher(pattern) for pattern in patterns]
        registration = types.Registration(
            id=f"{SOURCE}-watched-files",
            method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers),
        )
        return await self._done(
            types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration])
        )

    async def refresh_lenses(self) -> bool:
        """Makes the client ask for code lenses again."""
        return self.can.code_lens_refresh and await self._done(
            types.WORKSPACE_CODE_LENS_REFRESH, None
        )

    async def diagnostics(self, request: dict[str, Any]) -> Any:
        """The answer to `holdfast/diagnostics` as JSON, None without one."""
        return await self._ask(Method.DIAGNOSTICS, request) if self.can.diagnostics else None

    async def _done(self, method: str, params: Any) -> bool:
        """For requests that answer null when they succeed."""
        return await self._ask(method, params, failed=False) is None

    async def _ask(
        self,
        method: str,
        params: Any,
        *,
        timeout_seconds: float | None = None,
        failed: Any = None,
    ) -> Any:
        """The client's answer, `failed` when it has none."""
        if method in self._unknown:
            return failed
        try:
            return await self._rpc.ask(method, params, timeout_seconds or self._answer_seconds)
        except TimeoutError:
            log.info("the editor did not answer %s", method)
        except JsonRpcMethodNotFound:
            log.info("the editor does not know %s", method)
            self._unknown.add(method)
        except JsonRpcException as error:
            log.info("the editor refused %s: %s", method, error)
        return failed
