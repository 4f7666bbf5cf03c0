"""This module says what an MCP server is: a program to start, or an address to ask."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import ConfigDict, ValidationError, model_validator

from lsp_server.domain.wrong_values import why_wrong
from lsp_server.settings.sections import McpServerSettings

ServerOrigin: TypeAlias = Literal["user", "project"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
"""Names become a part of tools' names, which endpoints take at most 64 characters of."""

_VARIABLE = re.compile(
    r"\$\{(?P<name>[^}:$]{1,200})(?::(?:-(?P<default>[^}]{0,1000})|(?P<rest>[^}]{0,1000})))?\}"
)


class ServerEntry(McpServerSettings):
    """A `ServerEntry` is one server as files of several programs have it.

    The keys are those of `.mcp.json`: `command`, `args`, `env` and `cwd` of a program, or
    `url` and `headers` of an address. Keys that others know are let pass.
    """

    model_config = ConfigDict(extra="ignore")

    type: str = ""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> ServerEntry:
        if bool(self.command) == bool(self.url):
            raise ValueError("a server has either `command` or `url`")
        if self.url and urlsplit(self.url).scheme not in ("http", "https"):
            raise ValueError("`url` must begin with http:// or https://")
        if self.type == "sse":
            raise ValueError("`type` sse is an old transport; use the server's `http` address")
        return self


@dataclass(frozen=True, slots=True)
class McpServerSpec:
    """An `McpServerSpec` is a server that can be started or asked, variables filled in.

    `fingerprint` is of the entry as it was written, and `variables` are those of the
    person's environment that it takes. `file` is the project's file that names it.
    """

    name: str
    origin: ServerOrigin
    entry: ServerEntry
    fingerprint: str = ""
    variables: tuple[str, ...] = ()
    written: ServerEntry = field(default_factory=lambda: ServerEntry(command="-"))
    file: str = ""

    @property
    def place(self) -> str:
        """Returns the command line or the address on one line, else as it was written."""
        if self.written.url:
            return on_one_line(self.written.url)
        return on_one_line(shlex.join((self.written.command, *self.written.args)))


class ServerSpecError(ValueError):
    """An entry is no server that can be used; the message says why."""


def make_spec(
    name: str, value: object, origin: ServerOrigin, environment: Mapping[str, str]
) -> McpServerSpec:
    """Makes a server of an entry of a file. Raises ServerSpecError.

    `${NAME}`, `${NAME:-otherwise}` and `${env:NAME}` are filled in from `environment`.

    >>> spec = make_spec("docs", {"command": "npx", "args": ["${DOCS:-docs}"]}, "user", {})
    >>> spec.entry.args, spec.place
    (('docs',), "npx '${DOCS:-docs}'")
    """
    if not NAME.fullmatch(name) or "__" in name:
        raise ServerSpecError(f"the name {name!r} must be letters, digits, -, . and single _")
    try:
        written = ServerEntry.model_validate(value)
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(map(str, detail["loc"]))
        message = why_wrong(detail)
        raise ServerSpecError(f"{where}: {message}" if where else message) from error
    used: set[str] = set()
    entry = ServerEntry.model_validate(_expand(written.model_dump(), environment, used))
    text = json.dumps(written.model_dump(), sort_keys=True)
    return McpServerSpec(
        name,
        origin,
        entry,
        hashlib.sha256(text.encode()).hexdigest(),
        tuple(sorted(used)),
        written,
    )


def on_one_line(text: str) -> str:
    r"""Returns the text with `\n` as one reads it in the place of each end of a line.

    >>> print(on_one_line("sh -c 'a\nb'"))
    sh -c 'a\nb'
    """
    return r"\n".join(text.splitlines())


def _expand(value: object, environment: Mapping[str, str], used: set[str]) -> object:
    match value:
        case str():
            return _VARIABLE.sub(lambda match: _value_of(match, environment, used), value)
        case list() | tuple():
            return [_expand(one, environment, used) for one in value]
        case dict():
            return {key: _expand(one, environment, used) for key, one in value.items()}
        case _:
            return value


def _value_of(match: re.Match[str], environment: Mapping[str, str], used: set[str]) -> str:
    name = match["rest"] if match["name"] == "env" and match["rest"] else match["name"]
    if match["rest"] is not None and match["name"] != "env":
        raise ServerSpecError(f"{match[0]} is not known here; write ${{env:NAME}} or a value")
    if name in environment:
        used.add(name)
        return environment[name]
    if match["default"] is not None:
        return match["default"]
    raise ServerSpecError(f"the environment has no {name}, which {match[0]} asks for")
