"""This module says what a tool is: its kind, what a call of it needs, and what a call gave.

A tool describes itself, so that no other module has to know it by its name: the
approval decides by what a call needs, and code that sorts calls does it by kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, NoReturn, TypeAlias

from lsp_server.domain.errors import ToolError
from lsp_server.domain.ids import Id, ToolName, VendorFields
from lsp_server.domain.images import Image

ToolKind: TypeAlias = Literal[
    "read", "fetch", "edit", "execute", "plan", "recall", "task", "finish", "other"
]
"""How a tool acts, much as the Agent Client Protocol sorts tools.

`read` looks at the workspace, `fetch` at what lies elsewhere, `edit` changes its files, `execute` runs programs,
`plan` keeps the agent's own plan, `recall` reads or keeps what Holdfast itself
remembers, `task` gives work to a run of its own, `finish` ends the task. `other` is
everything from elsewhere.
"""

LOOKING_KINDS: frozenset[ToolKind] = frozenset(
    {"read", "fetch", "plan", "recall", "task", "finish"}
)
"""The kinds that change nothing in the workspace, `task` unless a call of it asks for more;
plan mode offers no others."""

ArgumentForm: TypeAlias = Literal["path", "command", "prose", "immaterial"]
"""What an argument holds, so that two calls that would do the same can be seen as one.

A `path` leads to a file under several names, blanks in a `command` or in `prose`
may differ, and an `immaterial` argument does not change what the call does.
"""


@dataclass(frozen=True, slots=True)
class NeedsPath:
    """The call reads a path, or writes it; `path` is as the model wrote it."""

    path: str
    writes: bool
    needs: Literal["path"] = "path"


@dataclass(frozen=True, slots=True)
class NeedsCommand:
    """The call runs a shell command; `outside` says why it has to leave the sandbox, if it does.

    In the `background` it goes on after the call.
    """

    command: str
    outside: str = ""
    background: bool = False
    needs: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class NeedsUrl:
    """The call contacts an address."""

    url: str
    needs: Literal["url"] = "url"


@dataclass(frozen=True, slots=True)
class NeedsServer:
    """The call goes to a tool of an MCP server, which may do anything with it.

    `detail` shows the arguments; `hints` are what the server says of the tool, for a
    person to read.
    """

    server: str
    tool: str
    detail: str = ""
    hints: tuple[str, ...] = ()
    needs: Literal["server"] = "server"


@dataclass(frozen=True, slots=True)
class NeedsRun:
    """The call begins a run that may change files, as far as the run that begins it may.

    `title` says what for, `detail` what it is told.
    """

    title: str
    detail: str = ""
    needs: Literal["run"] = "run"


@dataclass(frozen=True, slots=True)
class NeedsNothing:
    """The call touches nothing but what Holdfast keeps for the agent."""

    needs: Literal["nothing"] = "nothing"


@dataclass(frozen=True, slots=True)
class NeedsUnknown:
    """The tool does not say what the call needs, so that a person is asked."""

    needs: Literal["unknown"] = "unknown"


Needs: TypeAlias = (
    NeedsPath | NeedsCommand | NeedsUrl | NeedsServer | NeedsRun | NeedsNothing | NeedsUnknown
)
"""What a call needs permission for."""

UNKNOWN_NEEDS = NeedsUnknown()


@dataclass(frozen=True, slots=True)
class Malformed:
    """A `Malformed` takes the place of arguments that are no JSON object.

    `problem` says to the model what is wrong with them.
    """

    problem: str


Arguments: TypeAlias = Mapping[str, object] | Malformed
"""The arguments of a call, read once: an object, or why they are none."""


# Without slots: `parsed` is kept in the instance's dictionary.
@dataclass(frozen=True)
class ToolCall:
    """A `ToolCall` is one call that the model asks for; `arguments` is its JSON text, untouched.

    `vendor_fields` are given back to the endpoint as they came.

    >>> ToolCall("1", "read", '{"path": "a"}').parsed
    {'path': 'a'}
    >>> ToolCall("1", "read", "[]").parsed
    Malformed(problem="the arguments must be a JSON object, not '[]'")
    """

    id: Id
    name: ToolName
    arguments: str
    vendor_fields: VendorFields = ""

    @cached_property
    def parsed(self) -> Arguments:
        """Returns the arguments as a value. They are parsed once, when first asked for."""
        return parse_arguments(self.arguments)

    @property
    def values(self) -> Mapping[str, object]:
        """Returns the arguments by name; none when they are malformed."""
        return _NONE if isinstance(self.parsed, Malformed) else self.parsed


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A `ToolSpec` is what a tool says of itself.

    The model sees `name`, `description` and `parameters`, a JSON schema. `forms` says by
    name what an argument holds; arguments that are not in it are compared as they are.
    """

    name: str
    description: str
    parameters: Mapping[str, object]
    kind: ToolKind = "other"
    forms: Mapping[str, ArgumentForm] = field(default_factory=dict)

    @property
    def looks(self) -> bool:
        """Says whether every call of the tool leaves the workspace as it is."""
        return self.kind in LOOKING_KINDS


@dataclass(frozen=True, slots=True)
class Denial:
    """A `Denial` says why a call was not allowed, and which rule would allow it, if one does.

    `by` is `settings` for a rule or a mode of theirs, `hook` for a hook that refused, `person`
    for a no, and `nobody` where nobody answered.
    """

    by: Literal["settings", "hook", "person", "nobody"]
    reason: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A `ToolResult` is what a tool call gave; `text` is what the model reads.

    `is_error` says that the tool could not do its work, `failed` that it did, and
    that what it ran ended badly. `changed` and `read` list the workspace-relative
    paths of files that the call wrote and read. Of a command, `ending` says in a
    few words how it ended and `exit_status` with which status, None if with none;
    the first line of `text` repeats the ending, and `output` is what follows. With a
    `topic` the text stays in the prompt over cycles, until another result has the topic.
    `found_tools` names tools that the model was told of and may call from here on.
    `images` are shown to a model that takes them; the text describes them.
    """

    text: str
    is_error: bool = False
    changed: tuple[str, ...] = ()
    failed: bool = False
    read: tuple[str, ...] = ()
    ending: str = ""
    exit_status: int | None = None
    topic: str = ""
    found_tools: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    tree: Id = ""
    """The hash of the working tree after a command that checks the work."""
    denial: Denial | None = None
    """Why the call was not allowed."""

    @property
    def has_failed(self) -> bool:
        """Says whether the tool could not do its work, or what it ran ended badly."""
        return self.is_error or self.failed

    @property
    def output(self) -> str:
        """Returns the text without the line that says how a command ended."""
        return self.text.partition("\n")[2] if self.ending else self.text


_NONE: Mapping[str, object] = MappingProxyType({})


def parse_arguments(text: str) -> Arguments:
    """Reads the arguments of a call as they were written; nothing is repaired.

    A repaired call could do something else than the model meant, so the model is asked
    to send it again. A key that is there twice is refused, as parsers disagree on it.
    """
    if not text.strip():
        return Malformed("the arguments are empty; send a JSON object, {} at least")
    try:
        values: Any = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        around = text[max(0, error.pos - 30) : error.pos + 10]
        return Malformed(
            f"the arguments are not valid JSON: {error.msg} at line {error.lineno}, column "
            f"{error.colno}, near {around!r}; nothing was run, send the whole call again"
        )
    except ToolError as error:
        return Malformed(str(error))
    # A number of thousands of digits is a ValueError, deep nesting a RecursionError.
    except (ValueError, RecursionError) as error:
        return Malformed(f"the arguments cannot be read: {error}; nothing was run")
    if not isinstance(values, dict):
        return Malformed(f"the arguments must be a JSON object, not {text[:40]!r}")
    return values


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in pairs:
        if key in values:
            raise ToolError(f"the arguments have {key!r} twice; nothing was run, send it once")
        values[key] = value
    return values


def _no_constant(name: str) -> NoReturn:
    # Python would read NaN and Infinity, which other parsers refuse.
    raise ToolError(f"the arguments have {name}, which JSON does not know; nothing was run")
