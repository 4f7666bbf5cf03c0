"""A `Redactor` keeps secrets out of everything that leaves the place they are kept in.

Whatever is recorded, remembered, shown or sent to a model passes through a
`Redactor`. A model sees marks in their place, and may write these marks back
into the file that they came from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NewType,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from lsp_server.domain.errors import ToolError
from lsp_server.domain.ids import OfVendor, Own
from lsp_server.domain.tools import Malformed, ToolCall
from lsp_server.redaction.marks import MARK
from lsp_server.redaction.randomness import is_plain
from lsp_server.redaction.secrets import (
    NO_SECRETS,
    Redacted,
    Secrets,
    is_secret_file,
    redact,
    redact_values,
)
from lsp_server.text.legible import OPENS, as_written

T = TypeVar("T")
_Looks: TypeAlias = tuple[tuple[str, Callable[[Any], Any]], ...]


def no_known_secrets() -> Secrets:
    """Returns no secrets, for where none is known by its value."""
    return NO_SECRETS


class Redactor:
    """A `Redactor` takes secrets out of texts; call it with one.

    `known` returns the values that are secret at present."""

    def __init__(self, known: Callable[[], Secrets] = no_known_secrets) -> None:
        self._known = known
        self._looks: dict[type, _Looks] = {}

    def __call__(self, text: str) -> str:
        return redact(text, self._known()).text

    def announced(self, text: str) -> str:
        """Takes out the secrets that are known by their shape alone."""
        return redact(text, replace(self._known(), values=())).text

    def of_file(self, path: str, text: str) -> str:
        """Takes the secrets out of a file's content; a file for secrets keeps comments and names."""
        return self._of_file(path, text).text

    def about(self, value: T) -> T:
        """Takes the secrets out of every text in a value; a value without any is returned itself."""
        return self._about(value)  # type: ignore[no-any-return]

    def restored(self, text: str, path: str, content: str) -> str:
        """Puts a file's own secrets back into what a model wrote to it, in place of their marks.

        So it does with the marks of hidden characters. Raises ToolError when a mark stands for nothing in `content`.
        """
        if OPENS not in text:
            return text
        text = as_written(text, content)
        # A mark may be followed by line breaks of the text's own.
        secrets = {
            mark.rstrip("\n"): (mark, secret)
            for mark, secret in self._of_file(path, content).secrets.items()
        }

        def restored(match: re.Match[str]) -> str:
            mark, secret = secrets.get(match.group().rstrip("\n"), ("", ""))
            if not mark or not match.group().startswith(mark):
                raise ToolError(
                    f"{match.group().strip()} stands for a secret that is hidden from you and is "
                    f"not in {path}; leave it out, or name the variable or file that holds it"
                )
            return secret + match.group()[len(mark) :]

        return MARK.sub(restored, text)

    def _of_file(self, path: str, text: str) -> Redacted:
        replace = redact_values if is_secret_file(path) else redact
        return replace(text, self._known())

    def _about(self, value: Any) -> Any:
        match value:
            case str():
                return self(value) if value else value
            case ToolCall():
                return self._call(value)
            case tuple():
                made = tuple(self._about(item) for item in value)
                return value if all(map(_same, made, value)) else made
            case Mapping():
                return {self._about(key): self._about(item) for key, item in value.items()}
            case _ if is_dataclass(value) and not isinstance(value, type):
                return self._about_fields(value)
            case _:
                return value

    def _about_fields(self, value: Any) -> Any:
        changed = {}
        for name, look in self._looks_of(type(value)):
            before = getattr(value, name)
            after = look(before)
            if after is not before and after != before:
                changed[name] = after
        return replace(value, **changed) if changed else value

    def _looks_of(self, kind: type) -> _Looks:
        """Which fields of a class may hold something, and how each is looked through."""
        if kind not in self._looks:
            hints = get_type_hints(kind, include_extras=True)
            looks = {"vendor": self._of_vendor, "own": self._own, "any": self._about}
            self._looks[kind] = tuple(
                (one.name, looks[_whose(hints[one.name])])
                for one in fields(kind)
                if not _is_choice(hints[one.name])
            )
        return self._looks[kind]

    def _of_vendor(self, fields: str) -> str:
        """The fields; none of them where a text among them holds a secret that is known."""
        known = self._known()
        if known.values and any(map(known.within, _texts(fields))):
            return ""
        return self.announced(fields)

    def _own(self, value: Any) -> Any:
        return self.announced(value) if isinstance(value, str) else value

    def _call(self, call: ToolCall) -> ToolCall:
        """The same call where it holds no secret, so that its arguments are read but once."""
        clean = ToolCall(
            self.announced(call.id),
            self.announced(call.name),
            self._arguments(call),
            self._of_vendor(call.vendor_fields),
        )
        return call if clean == call else clean

    def _arguments(self, call: ToolCall) -> str:
        """The arguments without secrets: quoted inside JSON, one looks different."""
        text = self.announced(call.arguments)
        written = call if text == call.arguments else ToolCall(call.id, call.name, text)
        if isinstance(written.parsed, Malformed):
            return self(text)
        clean = self._of_json(written.parsed)
        return text if clean == written.parsed else json.dumps(clean, ensure_ascii=False)

    def _of_json(self, value: Any) -> Any:
        match value:
            case str():
                return self(value)
            case list():
                return [self._of_json(item) for item in value]
            case dict():
                # The names of a tool's parameters are plain words.
                return {
                    key if is_plain(key) else self(key): self._of_json(item)
                    for key, item in value.items()
                }
            case int() | float() if not isinstance(value, bool):
                clean = self(str(value))
                return value if clean == str(value) else clean
            case _:
                return value


def _is_choice(hint: Any) -> bool:
    """Whether all its values are ours or numbers."""
    if get_origin(hint) in (Union, UnionType):
        return all(map(_is_choice, get_args(hint)))
    return get_origin(hint) is Literal or hint in (bool, int, float, NoneType)


def _whose(hint: Any) -> Literal["vendor", "own", "any"]:
    """Whose words a text is: a vendor's that wants it back, ours, or anybody's."""
    if OfVendor in getattr(hint, "__metadata__", ()):
        return "vendor"
    return "own" if _is_own(hint) else "any"


def _is_own(hint: Any) -> bool:
    """Whether it is a name of ours, if it is anything."""
    if get_origin(hint) in (Union, UnionType):
        return all(_is_own(one) or one is NoneType for one in get_args(hint))
    return isinstance(hint, NewType) or Own in getattr(hint, "__metadata__", ())


def _texts(fields: str) -> Iterator[str]:
    """What people could read in the fields of a vendor."""
    waiting = [json.loads(fields)] if any(f'"{key}"' in fields for key in _READABLE) else []
    while waiting:
        match waiting.pop():
            case dict() as value:
                yield from (value[key] for key in _READABLE if isinstance(value.get(key), str))
                waiting += value.values()
            case list() as value:
                waiting += value
            case _:
                pass


_READABLE = ("text", "summary", "thinking", "content")
"""The keys under which vendors have thoughts in words."""


def _same(one: object, other: object) -> bool:
    return one is other
