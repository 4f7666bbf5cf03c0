"""This module reads what a client can do, once: one boolean for each thing that we may do.

Everything else reads only these. `window/showMessageRequest` and code lenses are
missing on purpose: several editors have them without declaring it, so they are
offered to all, and `client.py` remembers the methods that a client does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from lsprotocol import types

from lsp_server.server.from_lsp import Encoding
from lsp_server.server.protocol import SOURCE


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`Capabilities` says what a client can do; by default it can do nothing special."""

    encoding: Encoding = "utf-16"
    """The unit of columns: the first that the client prefers and we know."""
    progress: bool = False
    """`window/workDoneProgress/create` and server-created tokens."""
    show_document: bool = False
    virtual_documents: bool = False
    """`workspace/textDocumentContent`: documents whose text the server gives."""
    apply_edit: bool = False
    document_changes: bool = False
    """Edits may carry the version that they assume."""
    change_annotations: bool = False
    refactoring_metadata: bool = False
    """Edits may be marked as a refactoring, which VS Code then saves."""
    delete_files: bool = False
    """Edits may delete a file."""
    code_lens_refresh: bool = False
    related_information: bool = False
    """Diagnostics may name further places."""
    quick_fixes: bool = False
    """Actions of the kind `quickfix` are chosen one by one; see `code_actions.py`."""
    runs_all_fixes: bool = False
    """Whatever is offered for a diagnostic may be run at once, and unseen."""
    modal_prompts: bool = False
    """A prompt takes the keyboard, so that what a person types meanwhile could answer it."""
    configuration: bool = False
    """`workspace/configuration`."""
    watched_files: bool = False
    """Watchers may be registered."""
    notebooks: bool = False
    """Notebooks are reported with their cells."""
    status: bool = False
    """`holdfast/status`."""
    events: bool = False
    """`holdfast/event`."""
    diagnostics: bool = False
    """`holdfast/diagnostics`."""
    save: bool = False
    """`holdfast/save`: the client saves buffers, so that nothing is written beneath them."""
    questions: bool = False
    """What a question is about is opened from its Event, so that it need not say it."""
    ends: bool = False
    """How a run ended is said from its Event."""
    waiting_questions: bool = False
    """`holdfast/questions`: the client shows what waits by itself, and is sent no prompts."""


_MODAL = frozenset({"coc.nvim", "eglot", "emacs", "helix", "kak-lsp", "neovim", "vim-lsp"})
"""Editors, by the names that they give themselves, that answer a prompt with the next keys:
a line of Neovim, the minibuffer of Emacs, a menu of the others."""


def resolve(params: types.InitializeParams) -> Capabilities:
    """Returns the capabilities of the client that sends these parameters of `initialize`."""
    declared = params.capabilities

    def has(path: str) -> bool:
        return bool(_declared(declared, path))

    own = _own_methods(params)
    return Capabilities(
        encoding=_encoding(_declared(declared, "general.position_encodings") or ()),
        progress=has("window.work_done_progress"),
        show_document=has("window.show_document.support"),
        virtual_documents=_declared(declared, "workspace.text_document_content") is not None,
        apply_edit=has("workspace.apply_edit"),
        document_changes=has("workspace.workspace_edit.document_changes"),
        change_annotations=(
            has("workspace.workspace_edit.document_changes")
            and _declared(declared, "workspace.workspace_edit.change_annotation_support")
            is not None
        ),
        refactoring_metadata=has("workspace.workspace_edit.metadata_support"),
        delete_files=(
            types.ResourceOperationKind.Delete
            in (_declared(declared, "workspace.workspace_edit.resource_operations") or ())
        ),
        code_lens_refresh=has("workspace.code_lens.refresh_support"),
        related_information=has("text_document.publish_diagnostics.related_information"),
        quick_fixes=_chooses_quick_fixes(declared),
        runs_all_fixes=_runs_all_fixes(declared),
        modal_prompts=_has_modal_prompts(params),
        configuration=has("workspace.configuration"),
        watched_files=has("workspace.did_change_watched_files.dynamic_registration"),
        notebooks=has("notebook_document.synchronization"),
        status=own.get("status") is True,
        events=own.get("event") is True,
        diagnostics=own.get("diagnostics") is True,
        save=own.get("save") is True,
        questions=own.get("questions") is True and own.get("event") is True,
        ends=own.get("ends") is True and own.get("event") is True,
        waiting_questions=own.get("waitingQuestions") is True,
    )


def _declared(capabilities: types.ClientCapabilities, path: str) -> Any:
    """The value at a dotted path, None where a part of it is missing."""
    value: Any = capabilities
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def _encoding(preferred: Any) -> Encoding:
    for encoding in preferred:
        for known in get_args(Encoding):
            if encoding == known:
                return known  # type: ignore[no-any-return]  # one of the Literal's values
    return "utf-16"


def _has_modal_prompts(params: types.InitializeParams) -> bool:
    client = params.client_info
    return client is not None and client.name.casefold() in _MODAL


def _chooses_quick_fixes(declared: types.ClientCapabilities) -> bool:
    """Says whether a client knows a preferred fix, and so does not run them all."""
    action = declared.text_document and declared.text_document.code_action
    return bool(action and action.is_preferred_support and _knows_quick_fixes(action))


def _runs_all_fixes(declared: types.ClientCapabilities) -> bool:
    """Says whether this is Kate, which knows the kinds of actions and nothing else of them."""
    action = declared.text_document and declared.text_document.code_action
    if not action or not _knows_quick_fixes(action):
        return False
    return not (action.is_preferred_support or action.data_support or action.resolve_support)


def _knows_quick_fixes(action: types.CodeActionClientCapabilities) -> bool:
    literal = action.code_action_literal_support
    return (
        literal is not None and types.CodeActionKind.QuickFix in literal.code_action_kind.value_set
    )


def _own_methods(params: types.InitializeParams) -> Mapping[str, Any]:
    """The methods of our own that the client declares.

    They are in `capabilities.experimental.holdfast` or, since many clients cannot add
    capabilities, in `initializationOptions.clientCapabilities.holdfast`.
    """
    options = params.initialization_options
    places = (
        params.capabilities.experimental,
        options.get("clientCapabilities") if isinstance(options, Mapping) else None,
    )
    own: dict[str, Any] = {}
    for place in places:
        declared = place.get(SOURCE) if isinstance(place, Mapping) else None
        if isinstance(declared, Mapping):
            own |= declared
    return own
