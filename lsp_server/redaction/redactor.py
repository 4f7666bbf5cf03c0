"""This module redacts whatever leaves the place of a secret.

Everything that is recorded, remembered, shown or sent to a model passes through a
`Redactor`. A model sees markers in the place of secrets, and may write these
markers back into the file that they came from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from lsp_server.domain.errors import ToolError
from lsp_server.domain.tools import ToolCall
from lsp_server.redaction.secrets import (
    MARK,
    NO_SECRETS,
    OPENS,
    Redacted,
    Secrets,
    is_secret_file,
    redact,
    redact_values,
)

T = TypeVar("T")


def no_known_secrets() -> Secrets:
    """Returns no secret, for a Redactor that knows none by its value."""
    return NO_SECRETS


class Redactor:
    """A `Redactor` is called with a text and gives it without secrets.

    `known` is asked for the secrets each time.

    >>> redactor = Redactor()
    >>> redactor("nothing to hide")
    'nothing to hide'
    >>> "ghp_" in redactor("token: ghp_" + "a1B2c3D4e5" * 4)
    False
    """

    def __init__(self, known: Callable[[], Secrets] = no_known_secrets) -> None:
        self._known = known

    def __call__(self, text: str) -> str:
        return redact(text, self._known()).text

    def of_file(self, path: str, text: str) -> str:
        """Returns the content of a file without secrets; of a file for secrets, by its name, hardly anything."""
        return self._of_file(path, text).text

    def about(self, value: T) -> T:
        """Returns the value without secrets in any of its texts; the value itself if there were none.

        Dataclasses, tuples and mappings are looked through, however deep.
        """
        return self._about(value)  # type: ignore[no-any-return]

    def restored(self, text: str, path: str, content: str) -> str:
        """Returns the text that a model wrote into a file, with the file's secrets in place of their markers.

        Raises ToolError for a marker that no secret in `content` has.
        """
        if OPENS not in text or not MARK.search(text):
            return text
        secrets = self._of_file(path, content).secrets
        for mark in set(MARK.findall(text)):
            # What follows a mark may be line breaks of the text's own.
            known = max((one for one in secrets if mark.startswith(one)), key=len, default=None)
            if known is None:
                raise ToolError(
                    f"{mark.strip()} stands for a secret that is hidden from you and is not in "
                    f"{path}; leave it out, or name the variable or file that holds it"
                )
            text = text.replace(known, secrets[known])
        return text

    def _of_file(self, path: str, text: str) -> Redacted:
        redact_text = redact_values if is_secret_file(path) else redact
        return redact_text(text, self._known())

    def _about(self, value: Any) -> Any:
        match value:
            case str():
                return self(value) if value else value
            case ToolCall():
                return replace(value, arguments=self._arguments(value.arguments))
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
        for one in fields(value):
            before = getattr(value, one.name)
            after = self._about(before)
            if after is not before and after != before:
                changed[one.name] = after
        return replace(value, **changed) if changed else value

    def _arguments(self, text: str) -> str:
        """The arguments of a call without secrets."""
        # Quoted inside JSON, a secret looks different.
        text = self(text)
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            return text
        clean = self._of_json(given)
        return text if clean == given else json.dumps(clean, ensure_ascii=False)

    def _of_json(self, value: Any) -> Any:
        match value:
            case str():
                return self(value)
            case list():
                return [self._of_json(item) for item in value]
            case dict():
                return {key: self._of_json(item) for key, item in value.items()}
            case _:
                return value


def _same(one: object, other: object) -> bool:
    return one is other
