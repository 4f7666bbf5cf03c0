"""This module finds the values of settings.

Precedence, later wins: defaults, user file, project file, environment
(`HOLDFAST_MODEL__BASE_URL`), the editor. A wrong value costs one message and falls
back to what lies below it; one that may have forbidden something makes all else ask.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings import project, toml
from lsp_server.settings.regular_files import read_whole
from lsp_server.settings.sections import Settings
from lsp_server.settings.user_file import default_user_file

Layer: TypeAlias = Mapping[str, Any]

ENVIRONMENT_PREFIX = "HOLDFAST_"
FILE_BYTES_MAX = 100_000

_FREEING = ("allow", "answer_timeout_seconds")
"""The permissions that forbid nothing: without them, no more is free."""

_FORBIDDING = {"permissions": "deny", "sandbox": "hide"}
"""By section, the list of what is forbidden."""

_CAUTION = "and edits and commands ask"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A `Loaded` has settings, and one sentence for each thing that was wrong on the way to them."""

    settings: Settings
    problems: tuple[ConfigurationError, ...]


def load(
    workspace: Path | None = None,
    *,
    editor: Layer | None = None,
    environment: Mapping[str, str] = os.environ,
    user_file: Path | None = None,
) -> Loaded:
    """Loads the settings for a workspace from all layers.

    `editor` is the section `holdfast` as an editor sends it; `user_file` is read in
    the place of the user's own. Wrong values become problems, never errors.

    >>> loaded = load(environment={"HOLDFAST_RUN__STEPS_MAX": "7", "HOLDFAST_RUN__PACE": "1"})
    >>> loaded.settings.run.steps_max
    7
    >>> [problem.key for problem in loaded.problems]
    ['run.pace']
    """
    unread: list[ConfigurationError] = []
    ignored: list[ConfigurationError] = []
    merged: dict[str, Any] = {}
    user_path = user_file or default_user_file()
    layers: list[tuple[str, dict[str, Any]]] = [(str(user_path), _read_toml(user_path, unread))]
    project_path = workspace / ".holdfast" / "config.toml" if workspace is not None else None
    if project_path is not None:
        layers.append((str(project_path), _read_toml(project_path, unread)))
    layers.append(("the environment", _from_environment(environment)))
    layers.append(("the editor", _plain(editor or {})))
    for source, layer in layers:
        accepted = _accepted(layer, merged, source, unread)
        # Compared as settings, not as text: a project may write a number in many ways.
        if source == str(project_path):
            wished = Settings.model_validate(_merge(merged, accepted))
            granted = Settings.model_validate(merged)
            accepted = project.narrow(accepted, wished, granted, source, ignored)
        merged = _merge(merged, accepted)
    return Loaded(_ask_if_unsure(Settings.model_validate(merged), unread), (*unread, *ignored))


def _ask_if_unsure(settings: Settings, unread: Sequence[ConfigurationError]) -> Settings:
    """Makes everything ask where a rule that forbids something may not have been read."""
    is_unsure = any(_may_forbid(problem.key) for problem in unread)
    if not is_unsure or settings.permissions.mode == "read-only":
        return settings
    asking = settings.permissions.model_copy(update={"mode": "ask", "allow": ()})
    return settings.model_copy(update={"permissions": asking})


def _may_forbid(key: str | None) -> bool:
    """True for a problem with a whole file, or a permission other than those that only free."""
    if key is None:
        return True
    section, _, rest = key.partition(".")
    if section == "sandbox":
        return rest.partition(".")[0] in ("", "hide")
    return section == "permissions" and rest.partition(".")[0] not in _FREEING


def _accepted(
    layer: dict[str, Any], below: Layer, source: str, problems: list[ConfigurationError]
) -> dict[str, Any]:
    """The layer without its wrong values, each of which becomes a problem."""
    # Again after each removal: a value may be wrong only together with another one.
    while error := _validation_error(below, layer):
        for detail in error.errors(include_url=False):
            place = [str(part) for part in detail["loc"]]
            while place and not _remove(layer, place):
                place.pop()
            if not place:
                problems.append(ConfigurationError(f"{source}: {detail['msg']}"))
                return {}
            problems.append(_problem(detail["type"], detail["msg"], place, source))
    return layer


def _validation_error(below: Layer, layer: Layer) -> ValidationError | None:
    try:
        Settings.model_validate(_merge(below, layer))
    except ValidationError as error:
        return error
    return None


def _problem(kind: str, message: str, place: list[str], source: str) -> ConfigurationError:
    key = ".".join(place)
    caution = f", {_CAUTION}" if _may_forbid(key) else ""
    if kind == "extra_forbidden":
        section = Settings.model_fields.get(place[0])
        known: Any = section.annotation if section and len(place) > 1 else Settings
        names = ", ".join(sorted(known.model_fields))
        return ConfigurationError(
            f"{key} in {source} is unknown{caution}; known are: {names}", key=key
        )
    message = message[0].lower() + message[1:]
    return ConfigurationError(
        f"{key} in {source} is wrong, so it is ignored{caution}: {message}", key=key
    )


def _remove(layer: dict[str, Any], place: list[str]) -> bool:
    """Removes the value at `place`; False when there is none."""
    at: Any = layer
    for part in place[:-1]:
        at = at.get(part) if isinstance(at, dict) else None
    if not isinstance(at, dict) or place[-1] not in at:
        return False
    del at[place[-1]]
    return True


def _merge(below: Layer, above: Layer) -> dict[str, Any]:
    """Lays `above` over `below`, section by section; what forbids something adds up."""
    merged: dict[str, Any] = dict(below)
    for section, values in above.items():
        lower = merged.get(section)
        if not (isinstance(values, Mapping) and isinstance(lower, Mapping)):
            merged[section] = values
            continue
        merged[section] = {**lower, **values}
        # A layer above must not lose what one below forbids.
        key = _FORBIDDING.get(section, "")
        if key in lower and key in values:
            merged[section][key] = [*_items(lower[key]), *_items(values[key])]
    return merged


def _items(value: Any) -> Any:
    # One may be written without its brackets.
    return (value,) if isinstance(value, str) else value


def _read_toml(path: Path, problems: list[ConfigurationError]) -> dict[str, Any]:
    try:
        return toml.loads(read_whole(path, FILE_BYTES_MAX).decode())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"{path} cannot be read, so it is ignored, {_CAUTION}: {reason}"
        problems.append(ConfigurationError(message))
        return {}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The layer of variables `HOLDFAST_SECTION__KEY`; lists and tables are written as in TOML."""
    layer: dict[str, Any] = {}
    for name, text in environment.items():
        # `HOLDFAST_API_KEY` and the like are no settings.
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        layer.setdefault(section, {})[key] = _environment_value(text)
    return layer


def _environment_value(text: str) -> Any:
    # Any other text is a value as it is, a number too: the section knows its type.
    if text[:1] in "[{":
        try:
            return toml.loads(f"value = {text}")["value"]
        except ValueError:
            return text
    return text


def _plain(layer: Layer) -> dict[str, Any]:
    """A copy whose values may be removed; null means unset, as editors send it."""
    return {
        key: _plain(value) if isinstance(value, Mapping) else value
        for key, value in layer.items()
        if value is not None
    }
