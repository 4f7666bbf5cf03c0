"""This module declares what can be set: a class for each section, a field for each setting."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import Field, PrivateAttr, field_validator

from lsp_server.domain.candidates import WantedStrategy
from lsp_server.domain.messages import ModelRole, Prices
from lsp_server.domain.permissions import PermissionMode
from lsp_server.domain.tasks import Budget
from lsp_server.settings.address import is_same_origin
from lsp_server.settings.background_settings import BackgroundSettings
from lsp_server.settings.hook_settings import HookSettings
from lsp_server.settings.sandbox_settings import FetchSettings, SandboxSettings
from lsp_server.settings.section import Section
from lsp_server.settings.values import (
    Address,
    Dollars,
    Fraction,
    Name,
    Positive,
    PositiveSeconds,
    Temperature,
    as_list,
)

PERMISSION_MODES: tuple[PermissionMode, ...] = get_args(PermissionMode)
"""From the narrowest to the widest."""


ImageSetting: TypeAlias = Literal["auto", "yes", "no"]
Wire: TypeAlias = Literal["chat", "messages", "responses"]


class ModelSettings(Section):
    """This section sets the endpoint that does the work; any OpenAI-compatible one will do, or Anthropic's."""

    base_url: Address | None = None
    """Up to and including the version, as in `http://localhost:11434/v1`."""
    name: Name | None = None
    """The model's name at the endpoint; unset takes the first that it lists."""
    wire: Wire = "chat"
    """The protocol: `chat` for OpenAI's chat completions, `messages` for Anthropic's Messages, `responses` for OpenAI's Responses."""
    api_key_command: str | None = None
    """A command that prints the key; else HOLDFAST_API_KEY, else OPENAI_API_KEY, or ANTHROPIC_API_KEY for `messages`."""
    temperature: Temperature | None = None
    """How much chance there is in answers; unset leaves the endpoint's own default."""
    context_tokens: Annotated[int, Field(ge=4096)] = 131_072
    """The model's window."""
    output_tokens_max: Positive = 8192
    """The longest answer asked for."""
    images: ImageSetting = "auto"
    """Show images to the model: `auto` until the endpoint refuses one, `yes`, or `no`, which tells their name and size."""
    silence_timeout_seconds: PositiveSeconds = 120.0
    """A stream that says nothing for longer is ended, and the request is sent again."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Merged into each request body as it is."""
    price_input: Dollars = 0.0
    """US dollars per million uncached prompt tokens."""
    price_cached: Dollars = 0.0
    """US dollars per million cached prompt tokens."""
    price_cache_write: Dollars | None = None
    """US dollars per million prompt tokens that the endpoint takes money for keeping; unset: a quarter more than `price_input`."""
    price_output: Dollars = 0.0
    """US dollars per million completion tokens."""
    _section: str = PrivateAttr("model")

    def setting(self, key: str) -> str:
        """Returns the dotted path of one of these settings, by which a person sets it.

        >>> ModelSettings().in_section("judge").setting("base_url")
        'judge.base_url'
        """
        return f"{self._section}.{key}"

    def in_section(self, name: str) -> ModelSettings:
        """Returns the settings as those that the section `name` sets."""
        marked = self.model_copy()
        marked._section = name  # noqa: SLF001 - of its own class
        return marked

    @property
    def how_to_set_key(self) -> str:
        """Returns what to do for another key, as the end of a sentence."""
        return f"set {self.key_setting or 'HOLDFAST_API_KEY or model.api_key_command'}"

    @property
    def prices(self) -> Prices:
        """Returns the prices as the accounting takes them."""
        return Prices(
            self.price_input, self.price_cached, self.price_output, self.price_cache_write
        )


class RoleSettings(Section):
    """This section sets the model that judges, or the cheap one, for what a small one suffices for; whatever is unset is as in `model`."""

    base_url: Address | None = None
    name: Name | None = None
    wire: Wire | None = None
    api_key_command: str | None = None
    """A command that prints the key; unset: the key of `model` if scheme, host and port are the same, and at a vendor's own address that vendor's."""
    temperature: Temperature | None = None
    context_tokens: Annotated[int, Field(ge=4096)] | None = None
    output_tokens_max: Positive | None = None
    images: ImageSetting | None = None
    silence_timeout_seconds: PositiveSeconds | None = None
    extra_body: dict[str, Any] | None = None
    price_input: Dollars | None = None
    price_cached: Dollars | None = None
    price_cache_write: Dollars | None = None
    price_output: Dollars | None = None

    def over(self, worker: ModelSettings, role: str) -> ModelSettings:
        """Returns the complete settings of the section `role`.

        At another origin it has neither the worker's key nor its `extra_body`, which may hold one.
        """
        elsewhere = self.base_url and not is_same_origin(self.base_url, worker.base_url or "")
        if elsewhere or self.api_key_command is not None:
            worker = worker.with_own_key(f"{role}.api_key_command")
        if elsewhere:
            worker = worker.model_copy(update={"api_key_command": None, "extra_body": {}})
        own = self.model_dump(exclude_none=True)
        whole = worker.model_copy(update=own).in_section(role) if own else worker
        return whole.unusable(self.problem) if self.problem else whole


class MaxModeSettings(Section):
    """This section sets how several answers to a step are sampled and judged."""

    enabled: bool = False
    """Sample several answers to every step, not only on request."""
    samples: Annotated[int, Field(ge=1, le=16)] = 5
    """The number of answers that are sampled for one step."""
    strategy: WantedStrategy = "auto"
    """`adaptive`: a few, and all only if they differ. `gated`: one, and more only if it would
    change something or the last step failed; where each candidate pays for the prompt again, two
    then, and a judge if they differ. `always`: all, and a judge unless all agree. `auto`: `adaptive`
    where the endpoint gives several answers to one request, else `gated`."""
    temperature: Temperature = 1.0
    """The temperature of the candidates; at 0 they would all be the same."""
    judge_temperature: Temperature = 0.0
    """The temperature of the judge."""
    judge_context: Literal["auto", "shared", "compact"] = "auto"
    """The judge reads the worker's prompt (`shared`), a digest (`compact`), or the cheaper of the two."""
    first_draw: Annotated[int, Field(ge=1, le=16)] = 3
    """Candidates of the first wave of the adaptive strategy."""
    quorum: Annotated[int, Field(ge=1, le=16)] | None = None
    """Candidates that start the grace period; unset: all but one."""
    grace_seconds: PositiveSeconds | None = None
    """The time that stragglers get; unset: half the median latency."""


class GoalSettings(Section):
    """This section sets how goals are checked."""

    re_entries_max: Annotated[int, Field(ge=0)] = 12
    """The number of times that a run goes on which said it is done while a condition does not hold."""
    check_timeout_seconds: PositiveSeconds = 600.0
    """A check that takes longer has failed."""
    check_on_save: bool = False
    """Run the checks whenever a file is saved."""
    judge_task: bool = True
    """Without a goal, check again what the run checked and ask the judge whether the task is done."""


class ContextSettings(Section):
    """This section sets the size of prompts."""

    budget_tokens: Annotated[int, Field(ge=2048)] = 65_536
    """Never above the model's window minus its longest answer."""
    rebuild_at: Fraction = 0.7
    """The share of the budget at which a new cycle starts."""
    brief: bool = False
    """Ask the model for a brief of what it intends before its prompt is compacted."""
    result_chars_max: Annotated[int, Field(ge=200)] = 8000
    """Longer tool results are cut in the prompt and fetched by id."""


class MemorySettings(Section):
    """This section sets what is indexed and remembered."""

    enabled: bool = True
    """Index code and remember what was done."""
    uri: Name | None = None
    """Unset: the user's data folder. A path or an object store's URI."""
    base_uri: Name | None = None
    """The base that a team shares, built with `holdfast index --base`: a path or an object store's URI. Unset: none."""
    base_copy_bytes_max: Annotated[int, Field(ge=0)] = 500_000_000
    """A copy of what the base has of the project lies on this disk, for when its store is far or gone, if it takes no more; 0: none."""
    embedder: Literal["minilm", "http", "hashing"] = "minilm"
    """`minilm` ships with Holdfast, `http` asks an endpoint, `hashing` is for tests."""
    embedding_base_url: Address | None = None
    """The address of the `http` embedder, as in `http://localhost:11434/v1`."""
    embedding_model: Name | None = None
    """The name of the model that the `http` embedder asks."""
    index_on_start: bool = True
    """Read the project when the server starts, not only when memory is asked."""
    file_bytes_max: Positive = 1_000_000
    """Longer files are not indexed."""
    commits_max: Annotated[int, Field(ge=0)] = 300
    """The number of commits of the git history that are remembered as actions; 0: none."""


class PermissionSettings(Section):
    """This section sets what may be done without asking."""

    mode: PermissionMode = "ask"
    """`ask` before edits and commands, `auto-edit` frees edits, `read-only` refuses both, `full` frees both.
    `sandboxed` frees edits, and commands that a sandbox holds to the workspace; where none holds, they ask."""
    allow: tuple[str, ...] = ()
    """Rules `tool(pattern)`, as in `shell(pytest *)`; deny wins."""
    deny: tuple[str, ...] = ()
    """Rules of the same form for what is never done."""
    answer_timeout_seconds: PositiveSeconds = 600.0
    """A question without an answer by then counts as denied."""

    _one_is_a_list = field_validator("allow", "deny", mode="before")(as_list)


class McpServerSettings(Section):
    """This section names one MCP server: a program to start, or an address to ask."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = Field(default_factory=dict)


class McpSettings(Section):
    """This section sets which MCP servers lend their tools to the agent."""

    servers: dict[str, McpServerSettings] = Field(default_factory=dict)
    """By name: `command`, `args`, `env` and `cwd` of a program, or `url` and `headers` of an address."""
    project_servers: bool = True
    """Offer those of `.mcp.json` and `.vscode/mcp.json` too, once a person trusted them."""
    call_timeout_seconds: PositiveSeconds = 120.0
    """A call that takes longer has failed."""


class SkillSettings(Section):
    """This section sets which skills, custom commands and agents are looked for."""

    enabled: bool = True
    """Offer the skills, custom commands and agents of the user's folders, and of the project once they are trusted."""
    claude_folders: bool = True
    """Read those in `.claude` too, as Claude Code does."""


class RunSettings(Section):
    """This section sets the limits of one run."""

    python: Name | None = None
    """The Python interpreter that commands and checks find first, with the tools beside it; unset: the one that the editor selected, the environment that is active, or `.venv` of the project."""
    steps_max: Positive = 200
    """The number of answers of the model after which a run ends."""
    tokens_max: Positive | None = None
    """Prompt and completion tokens in all; unset: no limit."""
    cost_usd_max: Annotated[float, Field(gt=0)] | None = None
    """What a run may cost by the prices of `model`; unset: no limit."""
    wall_seconds_max: PositiveSeconds | None = None
    """How long a run may take; unset: no limit."""
    children_max: Annotated[int, Field(ge=0, le=16)] = 3
    """So many subagents of a run work at once; 0: it has none."""
    transcript: bool = True
    """Keep a readable transcript beside the journal of each run."""

    @property
    def budget(self) -> Budget:
        """Returns the limits of a run that brings none of its own."""
        return Budget(self.steps_max, self.tokens_max, self.cost_usd_max, self.wall_seconds_max)


class AttemptSettings(Section):
    """This section sets how several attempts at one task work, where a run asks for them."""

    first_passing: bool = False
    """The first attempt that passes its goal's checks ends the others."""
    ignored: Literal["link", "copy", "none"] = "link"
    """What the copy of an attempt gets of folders that git ignores, as of dependencies: links to them,
    copies, or nothing. Through a link a command that no sandbox holds may change the original."""


class CheckpointSettings(Section):
    """This section sets what is kept so that runs can be undone."""

    days_max: Annotated[float, Field(gt=0)] = 30.0
    """Runs that ended longer ago cannot be undone any more, and what they changed is not kept."""
    bytes_max: Positive = 2_000_000_000
    """Beyond it the oldest contents that no undo needs are removed earlier. Needed ones stay."""


class EvolutionSettings(Section):
    """This section sets what Holdfast learns from past runs by itself, and what takes effect."""

    idle_minutes: Annotated[float, Field(gt=0)] = 10.0
    """After so long without a run a server looks at the runs that ended since."""
    runs_min: Positive = 5
    """So many runs have to end before it does."""
    apply_verified: bool = False
    """Keep facts that were shown again just now, and retire what Holdfast itself had found, without asking."""
    auto: bool = False
    """Ask a model in each dream, too: the cheap one, if one is set."""
    tokens_per_day: Annotated[int, Field(ge=0)] = 50_000
    """What models may take for it in a day, over all windows."""
    cost_usd_per_day: Annotated[float, Field(ge=0)] = 0.5
    """What it may cost in a day, by the prices of the model."""
    seconds_per_day: Annotated[float, Field(ge=0)] = 600.0
    """How long models may work for it in a day."""


class Settings(Section):
    """A `Settings` has all sections. It is frozen: a reload makes a new one, a run keeps its own."""

    model: ModelSettings = ModelSettings()
    judge: RoleSettings = RoleSettings()
    cheap: RoleSettings = RoleSettings()
    max_mode: MaxModeSettings = MaxModeSettings()
    goal: GoalSettings = GoalSettings()
    context: ContextSettings = ContextSettings()
    memory: MemorySettings = MemorySettings()
    permissions: PermissionSettings = PermissionSettings()
    sandbox: SandboxSettings = SandboxSettings()
    fetch: FetchSettings = FetchSettings()
    skills: SkillSettings = SkillSettings()
    evolution: EvolutionSettings = EvolutionSettings()
    mcp: McpSettings = McpSettings()
    hooks: HookSettings = HookSettings()
    run: RunSettings = RunSettings()
    attempts: AttemptSettings = AttemptSettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    background: BackgroundSettings = BackgroundSettings()

    def require_usable(self) -> None:
        """Raises ConfigurationError where a run would not do what was set; memory refuses by itself."""
        for section in (self.model, self.judge, self.cheap, self.run):
            section.require_usable()

    def model_of(self, role: ModelRole) -> ModelSettings:
        """Returns the settings of the model that plays `role`: the run's own unless that has some.

        >>> Settings(cheap={"name": "small"}).model_of("cheap").setting("output_tokens_max")
        'cheap.output_tokens_max'
        """
        match role:
            case "judge":
                return self.judge.over(self.model, role)
            case "cheap":
                return self.cheap.over(self.model, role)
            case _:
                return self.model

    @property
    def prompt_tokens_max(self) -> int:
        """Returns the largest prompt, in tokens, that a run may build."""
        window = self.model.context_tokens - self.model.output_tokens_max
        return max(2048, min(self.context.budget_tokens, window))
