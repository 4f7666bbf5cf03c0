"""This module speaks to the editor, within what it declared.

Nothing is sent that the client did not declare, every request has a deadline, and a
method that it does not know is not tried again. A request that fails has a value for
that: `None` or False.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from lsprotocol import types

from lsp_server.server.capabilities import Capabilities
from lsp_server.server.notices import notice
from lsp_server.server.protocol import SOURCE, Method
from lsp_server.server.transport.errors import MethodNotFound, RpcError
from lsp_server.server.transport.json_rpc import JsonRpc

if TYPE_CHECKING:
    from lsp_server.server.params.base import Payload

log = logging.getLogger(__name__)

Level: TypeAlias = Literal["error", "warning", "info"]

ANSWER_SECONDS = 10.0
"""How long an editor may take for what it does without asking a person."""

CONFIGURATION_SECONDS = 3.0
"""No session opens before the settings are known, so this holds up the start."""

PERSON_SECONDS = 24 * 3600.0
"""How long a person may take to answer; the code that asks gives up earlier."""

_LEVELS: Mapping[Level, types.MessageType] = {
    "error": types.MessageType.Error,
    "warning": types.MessageType.Warning,
    "info": types.MessageType.Info,
}


class Client:
    """A `Client` speaks to one editor; `can` has its capabilities once `initialize` came.

    `answer_seconds` is how long it may take to answer a request.
    """

    def __init__(self, rpc: JsonRpc, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.can = Capabilities()
        self._answer_seconds = answer_seconds
        self._rpc = rpc
        self._requests = _Requests(rpc, answer_seconds)
        self._question = asyncio.Lock()

    @property
    def asks(self) -> bool:
        """Says whether a person can be asked through the editor, as far as asking has shown.

        One that could answer without meaning to is not asked.
        """
        known = types.WINDOW_SHOW_MESSAGE_REQUEST not in self._requests.unknown
        return known and not self.can.modal_prompts and not self.can.waiting_questions

    # Notifications

    def show(self, level: Level, text: str) -> None:
        """Shows a message to the person."""
        params = types.ShowMessageParams(_LEVELS[level], f"Holdfast: {notice(text)}")
        self._rpc.notify(types.WINDOW_SHOW_MESSAGE, params)

    def log(self, level: Level, text: str) -> None:
        """Adds a line to the editor's log."""
        params = types.LogMessageParams(_LEVELS[level], notice(text))
        self._rpc.notify(types.WINDOW_LOG_MESSAGE, params)

    def publish(self, uri: str, diagnostics: list[types.Diagnostic]) -> None:
        """Publishes all of our diagnostics of one document."""
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
        """Reports progress under a token that `create_progress` made known."""
        self._rpc.notify(types.PROGRESS, types.ProgressParams(token, value))

    def notify(self, method: Method, payload: Payload) -> None:
        """Sends a notification of our own, if declared."""
        declared = {
            Method.STATUS: self.can.status,
            Method.EVENT: self.can.events,
            Method.QUESTIONS: self.can.waiting_questions,
        }
        if declared.get(method, False):
            self._rpc.notify(method, payload.wire())

    # Requests

    async def create_progress(self, token: str) -> bool:
        """Announces a progress; says whether reports under `token` will be seen."""
        if not self.can.progress:
            return False
        params = types.WorkDoneProgressCreateParams(token)
        return await self._requests.succeeds(types.WINDOW_WORK_DONE_PROGRESS_CREATE, params)

    async def choose(self, text: str, titles: Sequence[str]) -> str | None:
        """Asks a person; returns the title picked, None when dismissed or nobody can be asked here.

        One question is open at a time. Cancelling withdraws it.
        """
        if not self.asks:
            return None
        actions = [types.MessageActionItem(title) for title in titles]
        params = types.ShowMessageRequestParams(
            types.MessageType.Warning, f"Holdfast: {notice(text)}", actions
        )
        # Editors show only the last of several questions.
        async with self._question:
            picked = await self._requests.ask(
                types.WINDOW_SHOW_MESSAGE_REQUEST, params, timeout_seconds=PERSON_SECONDS
            )
        # Some clients answer with a title that was not offered.
        title = getattr(picked, "title", None)
        return title if title in titles else None

    async def apply(self, params: types.ApplyWorkspaceEditParams) -> str | None:
        """Asks for an edit; None when it was applied, else why it was not."""
        try:
            result = await self._rpc.ask(types.WORKSPACE_APPLY_EDIT, params, self._answer_seconds)
        except TimeoutError:
            return f"the editor did not answer within {self._answer_seconds:g} s"
        except RpcError as error:
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
            result = await self._requests.ask(types.WINDOW_SHOW_DOCUMENT, params)
        if result is None or not result.success:
            self.show("info", f"open {uri}")

    async def configuration(self, scopes: Sequence[str]) -> list[Any]:
        """Asks for the section `holdfast` of each scope; an item is None where there is none."""
        nothing: list[Any] = [None] * len(scopes)
        if not self.can.configuration or not scopes:
            return nothing
        items = [types.ConfigurationItem(scope_uri=scope, section=SOURCE) for scope in scopes]
        result = await self._requests.ask(
            types.WORKSPACE_CONFIGURATION,
            types.ConfigurationParams(items),
            timeout_seconds=CONFIGURATION_SECONDS,
        )
        return list(result) if result and len(result) == len(scopes) else nothing

    async def watch(self, patterns: Sequence[str]) -> bool:
        """Asks for notifications of changes to files that match; whether they will come."""
        if not self.can.watched_files:
            return False
        watchers = [types.FileSystemWatcher(pattern) for pattern in patterns]
        registration = types.Registration(
            id=f"{SOURCE}-watched-files",
            method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers),
        )
        return await self._requests.succeeds(
            types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration])
        )

    async def refresh(self, method: str, params: Any = None) -> bool:
        """Makes the client ask for code lenses or a document of ours again; whether it does."""
        declared = {
            types.WORKSPACE_CODE_LENS_REFRESH: self.can.code_lens_refresh,
            types.WORKSPACE_TEXT_DOCUMENT_CONTENT_REFRESH: self.can.virtual_documents,
        }
        return declared.get(method, False) and await self._requests.succeeds(method, params)

    async def ask(self, method: Method, request: dict[str, Any]) -> Any:
        """Asks a request of our own, if declared; returns the answer as JSON, None without one."""
        declared = {Method.DIAGNOSTICS: self.can.diagnostics, Method.SAVE: self.can.save}
        return await self._requests.ask(method, request) if declared.get(method, False) else None


class _Requests:
    """Requests to one client. It remembers in `unknown` which methods the client lacks."""

    def __init__(self, rpc: JsonRpc, answer_seconds: float) -> None:
        self.unknown: set[str] = set()
        self._rpc = rpc
        self._answer_seconds = answer_seconds

    async def succeeds(self, method: str, params: Any) -> bool:
        """Says whether a request succeeds that is answered with null then."""
        return await self.ask(method, params, failed=False) is None

    async def ask(
        self,
        method: str,
        params: Any,
        *,
        timeout_seconds: float | None = None,
        failed: Any = None,
    ) -> Any:
        """The client's answer, `failed` if there is none in time or it refuses."""
        if method in self.unknown:
            return failed
        try:
            return await self._rpc.ask(method, params, timeout_seconds or self._answer_seconds)
        except TimeoutError:
            log.info("the editor did not answer %s", method)
        except MethodNotFound:
            log.info("the editor does not know %s", method)
            self.unknown.add(method)
        except RpcError as error:
            log.info("the editor refused %s: %s", method, error)
        return failed
