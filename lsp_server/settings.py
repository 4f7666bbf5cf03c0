"""Every knob, and where its value comes from.

Precedence, later wins: defaults, user file, project file, environment
(`HOLDFAST_MODEL__BASE_URL`), the editor. A project file may only narrow: it
comes with a checkout, so it cannot name endpoints, executables, keys or allow
rules, nor what makes a run cost more. A wrong value costs one message and falls
back to what lies below it.
To add a knob: add a field here with its unit; a project may set it only where a
table below says so.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.messages import Prices
from lsp_server.domain.tasks import Budget

Layer: TypeAlias = Mapping[str, Any]
PermissionMode: TypeAlias = Literal["read-only", "ask", "auto-edit", "full"]

PERMISSION_MODES: tuple[PermissionMode, ...] = ("read-only", "ask", "auto-edit", "full")
"""From the narrowest to the widest."""

ENVIRONMENT_PREFIX = "HOLDFAST_"
KEY_VARIABLES = ("HOLDFAST_API_KEY", "OPENAI_API_KEY")


class Section(BaseModel):
    """A frozen group of settings that knows its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Positive: TypeAlias = Annotated[int, Field(gt=0)]
PositiveSeconds: TypeAlias = Annotated[float, Field(gt=0)]
Fraction: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Temperature: TypeAlias = Annotated[float, Field(ge=0, le=2)]
Dollars: TypeAlias = Annotated[float, Field(ge=0)]


class ModelSettings(Section):
    """The endpoint that does the work; any OpenAI-compatible one."""

    base_url: str | None = Field(None, pattern=r"^https?://")
    """Up to and including the version, as in `http://localhost:11434/v1`."""
    name: str | None = None
    """The model's name at the endpoint; unset takes the first that it lists."""
    api_key_command: str | None = None
    """A command that prints the key; else HOLDFAST_API_KEY, else OPENAI_API_KEY."""
    temperature: Temperature | None = None
    """Unset leaves the endpoint's own default."""
    context_tokens: Annotated[int, Field(ge=4096)] = 131_072
    """The model's window."""
    output_tokens_max: Positive = 8192
    """The longest answer asked for."""
    silence_timeout_seconds: PositiveSeconds = 120.0
    """How long a stream may say nothing before the request is sent again."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Merged into each request body as it stands."""
    price_input: Dollars = 0.0
    """US dollars per million uncached prompt tokens."""
    price_cached: Dollars = 0.0
    """US dollars per million cached prompt tokens."""
    price_output: Dollars = 0.0
    """US dollars per million completion tokens."""

    @property
    def prices(self) -> Prices:
        return Prices(self.price_input, self.price_cached, self.price_output)


class JudgeSettings(Section):
    """The model that judges; what is unset is the worker's."""

    base_url: str | None = Field(None, pattern=r"^https?://")
    name: str | None = None
    api_key_command: str | None = None
    temperature: Temperature | None = None
    context_tokens: Annotated[int, Field(ge=4096)] | None = None
    output_tokens_max: Positive | None = None
    silence_timeout_seconds: PositiveSeconds | None = None
    extra_body: dict[str, Any] | None = None
    price_input: Dollars | None = None
    price_cached: Dollars | None = None
    price_output: Dollars | None = None

    def over(self, worker: ModelSettings) -> ModelSettings:
        """The complete settings of the judge."""
        return worker.model_copy(update=self.model_dump(exclude_none=True))


class MaxModeSettings(Section):
    """Parallel sampling with a judge."""

    enabled: bool = False
    """Draw several answers to every step, not only on request."""
    samples: Annotated[int, Field(ge=1, le=16)] = 5
    """How many answers are drawn for one step."""
    strategy: Literal["adaptive", "gated", "always"] = "adaptive"
    """`adaptive`: a few, and all only if they differ. `gated`: one, and more only if it would
    change something or the last step failed; where each candidate pays for the prompt again, a
    judge decides among the first few if no two agree. `always`: all, and a judge unless all agree."""
    temperature: Temperature = 1.0
    judge_temperature: Temperature = 0.0
    judge_context: Literal["auto", "shared", "compact"] = "auto"
    """What the judge reads: the worker's prompt, a digest, or the cheaper of the two."""
    first_draw: Annotated[int, Field(ge=1, le=16)] = 3
    """Candidates of the first wave of the adaptive strategy."""
    quorum: Annotated[int, Field(ge=1, le=16)] | None = None
    """Candidates that start the grace period; unset: all but one."""
    grace_seconds: PositiveSeconds | None = None
    """How long stragglers are waited for; unset: half the median latency."""


class GoalSettings(Section):
    """When done is believed."""

    re_entries_max: Annotated[int, Field(ge=0)] = 12
    """How often a run that says it is done goes on because a condition does not hold."""
    check_timeout_seconds: PositiveSeconds = 600.0
    """A check that takes longer has failed."""
    check_on_save: bool = False
    """Run the checks whenever a file is saved."""


class ContextSettings(Section):
    """The prompt's size."""

    budget_tokens: Annotated[int, Field(ge=2048)] = 65_536
    """Never above the model's window minus its longest answer."""
    rebuild_at: Fraction = 0.7
    """The share of the budget at which a new cycle starts."""
    brief: bool = False
    """Whether the model is asked, before a new cycle, for a brief of what it intends."""
    result_chars_max: Annotated[int, Field(ge=200)] = 8000
    """Longer tool results are cut in the prompt and fetched by id."""


class MemorySettings(Section):
    """The vector memory."""

    enabled: bool = True
    """Index code and remember what was done."""
    uri: str | None = None
    """Unset: the user's data folder. A path or an object store's URI."""
    embedder: Literal["minilm", "http", "hashing"] = "minilm"
    """`minilm` ships with Holdfast, `http` asks an endpoint, `hashing` is for tests."""
    embedding_base_url: str | None = Field(None, pattern=r"^https?://")
    """Of the `http` embedder, as in `http://localhost:11434/v1`."""
    embedding_model: str | None = None
    index_on_start: bool = True
    file_bytes_max: Positive = 1_000_000
    commits_max: Annotated[int, Field(ge=0)] = 300
    """Of the project's git history, so many are remembered as actions; 0: none."""


class PermissionSettings(Section):
    """What may be done without asking."""

    mode: PermissionMode = "ask"
    """`ask` before edits and commands, `auto-edit` frees edits, `read-only` refuses both, `full` frees both."""
    allow: tuple[str, ...] = ()
    """Rules `tool(pattern)`, as in `shell(pytest *)`; deny wins."""
    deny: tuple[str, ...] = ()
    """Rules of the same form for what is never done."""
    answer_timeout_seconds: PositiveSeconds = 600.0
    """Without an answer by then, a question counts as denied."""

    @field_validator("allow", "deny", mode="before")
    @classmethod
    def _one_rule_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


class RunSettings(Section):
    """Limits of one run."""

    steps_max: Positive = 200
    tokens_max: Positive | None = None
    """Prompt and completion tokens in all; unset: no limit."""
    cost_usd_max: Annotated[float, Field(gt=0)] | None = None
    """Unset: no limit."""
    wall_seconds_max: PositiveSeconds | None = None
    """Unset: no limit."""
    transcript: bool = True
    """Keep a readable transcript beside the journal of each run."""

    @property
    def budget(self) -> Budget:
        return Budget(self.steps_max, self.tokens_max, self.cost_usd_max, self.wall_seconds_max)


class Settings(Section):
    """All of them. Frozen: a reload makes new settings, a run keeps its own."""

    model: ModelSettings = ModelSettings()
    judge: JudgeSettings = JudgeSettings()
    max_mode: MaxModeSettings = MaxModeSettings()
    goal: GoalSettings = GoalSettings()
    context: ContextSettings = ContextSettings()
    memory: MemorySettings = MemorySettings()
    permissions: PermissionSettings = PermissionSettings()
    run: RunSettings = RunSettings()

    @property
    def prompt_tokens_max(self) -> int:
        """The largest prompt that a run may build."""
        window = self.model.context_tokens - self.model.output_tokens_max
        return max(2048, min(self.context.budget_tokens, window))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and what was wrong on the way to them, one sentence each."""

    settings: Settings
    problems: tuple[ConfigurationError, ...]


def load(
    workspace: Path | None = None,
    *,
    editor: Layer | None = None,
    environment: Mapping[str, str] = os.environ,
    user_file: Path | None = None,
) -> Loaded:
    """Settings for a workspace from all layers. Wrong values become problems, never errors."""
    problems: list[ConfigurationError] = []
    merged: dict[str, Any] = {}
    user_path = user_file or config_folder() / "config.toml"
    layers: list[tuple[str, dict[str, Any]]] = [(str(user_path), _read_toml(user_path, problems))]
    if workspace is not None:
        project_path = workspace / ".holdfast" / "config.toml"
        project = _read_toml(project_path, problems)
        layers.append((str(project_path), project))
    layers.append(("the environment", _from_environment(environment)))
    layers.append(("the editor", _plain(editor or {})))
    for source, layer in layers:
        accepted = _accepted(layer, merged, source, problems)
        if workspace is not None and source == str(workspace / ".holdfast" / "config.toml"):
            accepted = _narrowed(accepted, merged, source, problems)
        merged = _merge(merged, accepted)
    return Loaded(_cautious(Settings.model_validate(merged), problems), tuple(problems))


def _cautious(settings: Settings, problems: Sequence[ConfigurationError]) -> Settings:
    """Where a deny rule could not be read, nothing is free that would have been asked about."""
    unread = any((problem.key or "").startswith("permissions.deny") for problem in problems)
    if not unread or settings.permissions.mode == "read-only":
        return settings
    asking = settings.permissions.model_copy(update={"mode": "ask", "allow": ()})
    return settings.model_copy(update={"permissions": asking})


def allow_always(rule: str, user_file: Path | None = None) -> Path:
    """Adds an allow rule to the user's file, keeping all that stands there; returns its path.

    Raises ConfigurationError when the file cannot be changed.
    """
    import tomlkit  # noqa: PLC0415 - rarely needed, and half as dear as pydantic
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    path = user_file or config_folder() / "config.toml"
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        document = tomlkit.parse(text)
        permissions: Any = document.setdefault("permissions", tomlkit.table())
        rules: Any = permissions.setdefault("allow", tomlkit.array())
        if rule in rules:
            return path
        rules.append(rule)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        draft.write_text(tomlkit.dumps(document), "utf-8")
        draft.replace(path)
    except (OSError, ValueError, TypeError, AttributeError, TOMLKitError) as error:
        raise ConfigurationError(
            f"the rule {rule} could not be added to {path}: {error}", key="permissions.allow"
        ) from error
    return path


def config_folder() -> Path:
    """Where the user's own settings live."""
    return Path(platformdirs.user_config_dir("holdfast", appauthor=False))


def data_folder() -> Path:
    """Where runs, checkpoints and memory live."""
    return Path(platformdirs.user_data_dir("holdfast", appauthor=False))


def masked(settings: Settings) -> dict[str, Any]:
    """The effective settings for a report; what could hold a secret is masked."""
    dump = settings.model_dump(mode="json")
    for name in ("model", "judge"):
        if dump[name].get("api_key_command"):
            dump[name]["api_key_command"] = "(set)"
        if dump[name].get("extra_body"):
            dump[name]["extra_body"] = dict.fromkeys(dump[name]["extra_body"], "(set)")
        if dump[name].get("base_url"):
            dump[name]["base_url"] = without_credentials(dump[name]["base_url"])
    return dump


def without_credentials(url: str) -> str:
    """The URL without user, password and query."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


_PROJECT_SETS = {
    "model": ("temperature",),
    "judge": ("temperature",),
    "max_mode": ("temperature", "judge_temperature", "quorum"),
    "context": ("rebuild_at",),
    "permissions": ("deny",),
}
"""What costs nothing and frees nothing."""

_PROJECT_LOWERS = {
    "model": ("context_tokens", "output_tokens_max", "silence_timeout_seconds"),
    "max_mode": ("enabled", "samples", "strategy", "first_draw", "grace_seconds"),
    "goal": ("re_entries_max", "check_timeout_seconds", "check_on_save"),
    "context": ("budget_tokens", "brief", "result_chars_max"),
    "memory": ("enabled", "index_on_start", "file_bytes_max", "commits_max"),
    "permissions": ("mode", "answer_timeout_seconds"),
    "run": ("steps_max", "tokens_max", "cost_usd_max", "wall_seconds_max", "transcript"),
}
"""What a project may have less of than the user, or switch off. All else is the user's alone."""

_CHOICES = (*PERMISSION_MODES, "gated", "adaptive", "always")
"""The names that a lowered setting can have, from the least to the most of each."""


def _narrowed(
    layer: dict[str, Any], below: Layer, source: str, problems: list[ConfigurationError]
) -> dict[str, Any]:
    """A project layer without what only the user may decide."""
    wished, granted = Settings.model_validate(_merge(below, layer)), Settings.model_validate(below)
    kept: dict[str, Any] = {}
    for section, values in layer.items():
        kept[section] = {}
        for key, value in values.items():
            pair = (getattr(getattr(each, section), key) for each in (wished, granted))
            if why := _too_wide(section, key, *pair):
                message = f"{section}.{key} in {source} is ignored: {why}"
                problems.append(ConfigurationError(message, key=f"{section}.{key}"))
            else:
                kept[section][key] = value
    return kept


def _too_wide(section: str, key: str, wished: Any, granted: Any) -> str:
    """Why a project may not set the key to what it wished; empty when it may."""
    if key in _PROJECT_SETS.get(section, ()):
        return ""
    if key not in _PROJECT_LOWERS.get(section, ()):
        return f"a project may not set it; put it into {config_folder() / 'config.toml'}"
    if granted is None or (wished is not None and _amount(wished) <= _amount(granted)):
        return ""
    if isinstance(granted, bool):
        return "a project may only switch it off"
    return f"a project may only lower it below {granted}, not set it to {wished}"


def _amount(value: bool | float | str) -> float:
    return _CHOICES.index(value) if isinstance(value, str) else float(value)


def _accepted(
    layer: dict[str, Any], below: Layer, source: str, problems: list[ConfigurationError]
) -> dict[str, Any]:
    """The layer without its wrong values, each of which becomes a problem."""
    while True:
        try:
            Settings.model_validate(_merge(below, layer))
            return layer
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                place = [str(part) for part in detail["loc"]]
                while place and not _remove(layer, place):
                    place.pop()
                if not place:
                    problems.append(ConfigurationError(f"{source}: {detail['msg']}"))
                    return {}
                problems.append(_problem(detail["type"], detail["msg"], place, source))


def _problem(kind: str, message: str, place: list[str], source: str) -> ConfigurationError:
    key = ".".join(place)
    if kind == "extra_forbidden":
        section = Settings.model_fields.get(place[0])
        known: Any = section.annotation if section and len(place) > 1 else Settings
        names = ", ".join(sorted(known.model_fields))
        return ConfigurationError(f"{key} in {source} is unknown; known are: {names}", key=key)
    message = message[0].lower() + message[1:]
    return ConfigurationError(f"{key} in {source} is wrong, so it is ignored: {message}", key=key)


def _remove(layer: dict[str, Any], place: list[str]) -> bool:
    """Deletes the value at `place`; False when there is none."""
    at: Any = layer
    for part in place[:-1]:
        at = at.get(part) if isinstance(at, dict) else None
    if not isinstance(at, dict) or place[-1] not in at:
        return False
    del at[place[-1]]
    return True


def _merge(below: Layer, above: Layer) -> dict[str, Any]:
    """`above` over `below`, section by section; deny rules add up."""
    merged: dict[str, Any] = dict(below)
    for section, values in above.items():
        lower = merged.get(section)
        if not (isinstance(values, Mapping) and isinstance(lower, Mapping)):
            merged[section] = values
            continue
        merged[section] = {**lower, **values}
        if section == "permissions" and "deny" in lower and "deny" in values:
            merged[section]["deny"] = [*lower["deny"], *values["deny"]]
    return merged


def _read_toml(path: Path, problems: list[ConfigurationError]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(ConfigurationError(f"{path} cannot be read, so it is ignored: {error}"))
        return {}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """`HOLDFAST_SECTION__KEY=value`; lists and tables are written as TOML values."""
    layer: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        layer.setdefault(section, {})[key] = _environment_value(text)
    return layer


def _environment_value(text: str) -> Any:
    if text[:1] in "[{":
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _plain(layer: Layer) -> dict[str, Any]:
    """A copy that is safe to prune; null means unset, as editors send it."""
    return {
        key: _plain(value) if isinstance(value, Mapping) else value
        for key, value in layer.items()
        if value is not None
    }
