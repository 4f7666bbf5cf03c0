"""This module finds the values of settings.

Precedence, later wins: defaults, user file, project file, environment
(`HOLDFAST_MODEL__BASE_URL`), the editor. A wrong value costs one message and falls
back to what lies below it; one that may have forbidden something makes all else ask, and
one that decides where a task goes makes its section unusable (`decisive`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import ValidationError

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.wrong_values import why_wrong
from lsp_server.settings import project, toml
from lsp_server.settings.decisive import decides, mark_unusable
from lsp_server.settings.hook_settings import EVENT_SETTINGS, spell_alike
from lsp_server.settings.key_places import with_keys_of_environment, without_keys_of_others
from lsp_server.settings.regular_files import read_whole
from lsp_server.settings.relative_rules import names_project_file
from lsp_server.settings.sections import McpServerSettings, Settings
from lsp_server.settings.user_file import default_user_file
from lsp_server.settings.variables import expanded

Layer: TypeAlias = Mapping[str, Any]

ENVIRONMENT_PREFIX = "HOLDFAST_"
FILE_BYTES_MAX = 100_000

_FREEING = ("allow", "answer_timeout_seconds")
"""The permissions that forbid nothing: without them, no more is free."""

_FORBIDDING = {"permissions": ("deny",), "sandbox": ("hide",), "hooks": EVENT_SETTINGS}
"""By section, the lists of what forbids something."""

_SERVERS = ("mcp", "servers")

_REFUSED = MappingProxyType(
    {
        "memory": "memory stays closed",
        "evolution": "no model is asked to learn from runs",
    }
)
"""What is not done while a section cannot be obeyed, where that is not to start a run."""
_CAUTION = "and edits and commands ask"

_NAMING = {
    "model": ("base_url", "name", "api_key_command", "extra_body"),
    "judge": ("base_url", "name", "api_key_command", "extra_body"),
    "cheap": ("base_url", "name", "api_key_command", "extra_body"),
    "memory": ("uri", "embedding_base_url", "embedding_model"),
}
"""Settings in which `${NAME}` stands for an environment variable. A rule of permissions is
about commands, in which it means something else."""


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
    unreadable: list[ConfigurationError] = []
    merged: dict[str, Any] = {}
    user_path = user_file or default_user_file()
    layers: list[tuple[str, dict[str, Any]]] = [(str(user_path), _read_toml(user_path, unread))]
    project_path = workspace / ".holdfast" / "config.toml" if workspace is not None else None
    if project_path is not None:
        layers.append((str(project_path), _read_toml(project_path, unreadable)))
    from_environment = _from_environment(environment)
    layers += [("the environment", from_environment), ("the editor", _plain(editor or {}))]
    for source, layer in layers:
        is_project = source == str(project_path)
        # A project names nothing: what it says of an address is not even looked at.
        problems = unreadable if is_project else unread
        if not is_project:
            _put_variables(layer, environment, source, problems)
        decisive = _decides_nothing if is_project else decides
        accepted = _accepted(layer, merged, source, problems, decisive)
        if source == str(user_path) and workspace is not None:
            _leave_out_project_files(accepted, workspace, source, ignored)
        # Compared as settings, not as text: a project may write a number in many ways.
        if is_project:
            wished, granted = map(Settings.model_validate, (_merge(merged, accepted), merged))
            accepted = project.narrow(accepted, wished, granted, source, ignored)
        merged = _merge(without_keys_of_others(merged, accepted), accepted)
    settings = with_keys_of_environment(Settings.model_validate(merged), from_environment)
    settings = _ask_if_unsure(settings, (*unread, *unreadable))
    if settings.model.base_url is None:
        # A checkout names an endpoint and may not: no other one is meant, and none is guessed.
        settings = mark_unusable(settings, filter(_names_model, (*unreadable, *ignored)))
    return Loaded(mark_unusable(settings, unread), (*unread, *unreadable, *ignored))


def _names_model(problem: ConfigurationError) -> bool:
    return problem.key in [f"model.{key}" for key in _NAMING["model"]]


def _decides_nothing(_key: str) -> bool:
    """Is true of no setting in a project's file, which may refuse nothing that a user set."""
    return False


def _put_variables(
    layer: dict[str, Any],
    environment: Mapping[str, str],
    source: str,
    problems: list[ConfigurationError],
) -> None:
    """Puts environment variables into what names something."""
    for section, keys in _NAMING.items():
        values = layer.get(section)
        for key in keys:
            if not isinstance(values, dict) or key not in values:
                continue
            try:
                values[key] = expanded(values[key], environment)
            except ValueError as error:
                del values[key]
                problems.append(_problem(str(error), [section, key], source, {}, decides))


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
    if section == "hooks":
        return True
    if section == "sandbox":
        return rest.partition(".")[0] in ("", "hide")
    return section == "permissions" and rest.partition(".")[0] not in _FREEING


def _accepted(
    layer: dict[str, Any],
    below: Layer,
    source: str,
    problems: list[ConfigurationError],
    decides: Callable[[str], bool],
) -> dict[str, Any]:
    """The layer without its wrong values, each of which becomes a problem."""
    spell_alike(layer)
    # Again after each removal: a value may be wrong only together with another one.
    while error := _validation_error(below, layer):
        for detail in error.errors(include_url=False):
            place = [str(part) for part in detail["loc"]]
            message = why_wrong(detail)
            is_unknown = detail["type"] == "extra_forbidden"
            if tuple(place[:2]) == _SERVERS and not is_unknown:
                # Without some of its words it would be another program.
                _remove(layer, place[:3])
                problems.append(_wrong_server(message, place, source))
                continue
            if _remove_entry(layer, place, detail["input"]):
                problems.append(_wrong_entry(message, place[:-1], detail["input"], source, decides))
                continue
            while place and not _remove(layer, place):
                place.pop()
            if not place:
                problems.append(ConfigurationError(f"{source}: {message}"))
                return {}
            if is_unknown:
                problems.append(_unknown(place, source, decides))
            else:
                problems.append(_problem(message, place, source, below, decides))
    return layer


def _leave_out_project_files(
    layer: dict[str, Any], workspace: Path, source: str, problems: list[ConfigurationError]
) -> None:
    """Takes the rules out that name files of this project: in each one, they would allow its own."""
    permissions = layer.get("permissions", {})
    relative = [
        each for each in permissions.get("allow", ()) if names_project_file(each, workspace)
    ]
    for rule in relative:
        message = (
            f"{rule} in {source} does not hold: it names a file of the project, so in each project "
            "it would allow whatever lies there; remove it, and answer “always” in the project "
            "that you mean"
        )
        problems.append(ConfigurationError(message, key="permissions.allow"))
    if relative:
        permissions["allow"] = [each for each in permissions["allow"] if each not in relative]


def _validation_error(below: Layer, layer: Layer) -> ValidationError | None:
    try:
        Settings.model_validate(_merge(below, layer))
    except ValidationError as error:
        return error
    return None


def _unknown(place: list[str], source: str, decides: Callable[[str], bool]) -> ConfigurationError:
    key = ".".join(place)
    section = Settings.model_fields.get(place[0])
    known: Any = section.annotation if section and len(place) > 1 else Settings
    if tuple(place[:2]) == _SERVERS:
        known = McpServerSettings
    names = ", ".join(sorted(known.model_fields))
    return ConfigurationError(
        f"{key} in {source} is unknown{_consequence(key, decides)}; known are: {names}", key=key
    )


def _problem(
    message: str, place: list[str], source: str, below: Layer, decides: Callable[[str], bool]
) -> ConfigurationError:
    key = ".".join(place)
    instead = "" if decides(key) or _may_forbid(key) else _instead(place, below)
    return ConfigurationError(
        f"{key} in {source} is wrong{instead}{_consequence(key, decides)}: {message}", key=key
    )


def _wrong_entry(
    message: str, place: list[str], entry: Any, source: str, decides: Callable[[str], bool]
) -> ConfigurationError:
    """The problem with one entry of a list; the others hold."""
    key = ".".join(place)
    named = "" if repr(entry) in message else f"{entry!r}: "
    return ConfigurationError(
        f"an entry of {key} in {source} is wrong{_consequence(key, decides)}: {named}{message}",
        key=key,
    )


def _wrong_server(message: str, place: list[str], source: str) -> ConfigurationError:
    server, setting = ".".join(place[:3]), ".".join(place[3:])
    message = f"{setting}: " * bool(setting) + message
    return ConfigurationError(
        f"{server} in {source} is wrong, so it is not started: {message}", key=server
    )


def _consequence(key: str, decides: Callable[[str], bool]) -> str:
    """What a problem with a setting costs, as the middle of a sentence."""
    if decides(key):
        what = _REFUSED.get(key.partition(".")[0], "no run starts")
        return f", so {what} until it is correct"
    return f", so it is ignored, {_CAUTION}" if _may_forbid(key) else ", so it is ignored"


def _instead(place: list[str], below: Layer) -> str:
    """The value that counts in the place of a wrong one, as the middle of a sentence."""
    section = getattr(Settings.model_validate(below), place[0], None)
    value = getattr(section, place[1], None) if len(place) > 1 else None
    return "" if value is None or isinstance(value, tuple | dict) else f" ({value} is used)"


def _remove(layer: dict[str, Any], place: list[str]) -> bool:
    """Removes the value at `place`; False when there is none."""
    at: Any = layer
    for part in place[:-1]:
        at = at.get(part) if isinstance(at, dict) else None
    if not isinstance(at, dict) or place[-1] not in at:
        return False
    del at[place[-1]]
    return True


def _remove_entry(layer: dict[str, Any], place: list[str], entry: Any) -> bool:
    """Takes an entry out of the list at `place`; False when there is no list."""
    at: Any = layer
    for part in place[:-2]:
        at = at.get(part) if isinstance(at, dict) else None
    entries = at.get(place[-2]) if isinstance(at, dict) and len(place) > 1 else None
    if not isinstance(entries, list):
        return False
    # The number in `place` counts what a layer below has, too.
    at[place[-2]] = [each for each in entries if each is not entry]
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
        for key in _FORBIDDING.get(section, ()):
            # What is no list is reported as it is.
            if key in lower and isinstance(values.get(key), str | list | tuple):
                merged[section][key] = [*_items(lower[key]), *_items(values[key])]
    return merged


def _items(value: Any) -> Any:
    # One may be written without its brackets.
    return (value,) if isinstance(value, str) else value


def _read_toml(path: Path, problems: list[ConfigurationError]) -> dict[str, Any]:
    try:
        return toml.loads(toml.decoded(read_whole(path, FILE_BYTES_MAX)))
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
    # Those with one underscore, which is easily overlooked, come first: they count least.
    for name in sorted(environment, key=lambda name: "__" in name):
        if not name.upper().startswith(ENVIRONMENT_PREFIX):
            continue
        section, key = _section_and_key(name[len(ENVIRONMENT_PREFIX) :].lower())
        # `HOLDFAST_API_KEY` and the like are no settings.
        if key:
            layer.setdefault(section, {})[key] = _environment_value(environment[name])
    return layer


def _section_and_key(name: str) -> tuple[str, str]:
    """The setting that a variable names; the key is empty where it names none."""
    section, separator, key = name.partition("__")
    if separator:
        return section, key
    known = next((each for each in Settings.model_fields if name.startswith(f"{each}_")), "")
    return known, name[len(known) + 1 :] if known else ""


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
