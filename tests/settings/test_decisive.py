"""A setting that names something, or limits what a run costs, is obeyed or refused, never replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings.layers import Loaded, load
from lsp_server.settings.sections import Settings
from tests.sampling import sampled

BELOW = {
    "model": {"base_url": "http://below.example/v1", "name": "below", "api_key_command": "below"},
    "judge": {"base_url": "http://below.example/v1", "name": "below", "api_key_command": "below"},
    "memory": {"uri": "/below", "embedding_base_url": "http://below.example/v1",
               "embedding_model": "below", "embedder": "hashing"},
}  # fmt: skip
"""What the user's file has: another value above it must never lead back here."""

NAMING = [(section, key) for section, values in BELOW.items() for key in values]

ODD = st.sampled_from(
    ["", " ", "\u00a0", "\ufeff", "$", "${", "${}", "${LLM_URL}", "${env:LLM_URL}", "${GONE}", "$LLM_URL",
     "llm.internal/v1", "localhost:8000/v1", "HTTPS://a.example/v1", " http://a.example ", '"x"', "''",
     "htp://a.example", "http://", "qwen", 0, 5, -1.5, True, False, [], ["x"], {}, {"x": 1}]
) | st.text(max_size=20)  # fmt: skip


def loaded_with(folder: Path, section: str, value: Any, source: str) -> Loaded:
    """Loads BELOW with a layer above it."""
    user = folder / "user.toml"
    user.write_text(tomlkit.dumps(BELOW))
    environment = {"LLM_URL": "http://from.example/v1"}
    if source == "environment":
        for key, each in value.items():
            environment[f"HOLDFAST_{section.upper()}__{key.upper()}"] = str(each)
        return load(environment=environment, user_file=user)
    return load(environment=environment, user_file=user, editor={section: value})


@given(st.sampled_from(NAMING), ODD, st.sampled_from(["environment", "editor"]))
@settings(max_examples=sampled(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_odd_value_never_leads_to_another_one(
    tmp_path: Path, place: tuple[str, str], value: Any, source: str
) -> None:
    section, key = place
    loaded = loaded_with(tmp_path, section, {key: value}, source)
    made = getattr(loaded.settings, section)
    if made.problem is not None:
        assert made.problem in loaded.problems
        return
    got = getattr(made, key)
    written = str(value).replace("${LLM_URL}", "http://from.example/v1")
    written = written.replace("${env:LLM_URL}", "http://from.example/v1")
    assert (got.partition("://")[2] or got) in written


def used(**values: Any) -> Settings:
    return load(environment={}, user_file=Path("/gone"), editor=values).settings


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"model": {"base_url": "llm.internal/v1"}}, "model.base_url"),
        ({"model": {"base_ulr": "http://a.example/v1"}}, "model.base_ulr"),
        ({"model": {"url": "http://a.example/v1"}}, "model.url"),
        ({"modell": {"base_url": "http://a.example/v1"}}, "modell"),
        ({"models": {"base_url": "http://a.example/v1"}}, "models"),
        ({"model": "http://a.example/v1"}, "model"),
        ({"model": {"name": ["a", "b"]}}, "model.name"),
        ({"model": {"api_key_command": ["pass", "x"]}}, "model.api_key_command"),
        ({"model": {"extra_body": "{}"}}, "model.extra_body"),
        ({"model": {"price_output": "dear"}}, "model.price_output"),
        ({"judge": {"base_url": "llm.internal/v1"}}, "judge.base_url"),
        ({"judge": {"modle": "x"}}, "judge.modle"),
        ({"run": {"cost_usd_max": "two"}}, "run.cost_usd_max"),
        ({"run": {"cost_usd": 2}}, "run.cost_usd"),
        ({"run": {"steps_max": 0}}, "run.steps_max"),
    ],
)
def test_no_run_starts_where_a_decisive_setting_cannot_be_obeyed(
    values: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigurationError, match="until it is correct") as raised:
        used(**values).require_usable()
    assert raised.value.key == key


@pytest.mark.parametrize(
    "values",
    [
        {"model": {"temperature": "hot"}},
        {"model": {"output_tokens_max": "all"}},
        {"max_mode": {"samples": 99}},
        {"goal": {"check_timeout_seconds": -1}},
        {"trace": {"server": "verbose"}},
        {"memory": {"embedder": "mini-lm"}},
    ],
)
def test_any_other_wrong_setting_stops_no_run(values: dict[str, Any]) -> None:
    loaded = load(environment={}, user_file=Path("/gone"), editor=values)
    loaded.settings.require_usable()
    assert len(loaded.problems) == 1


def test_a_wrong_setting_that_decides_nothing_names_what_is_used_instead() -> None:
    loaded = load(environment={"HOLDFAST_GOAL__RE_ENTRIES_MAX": "many"}, user_file=Path("/gone"))
    assert "goal.re_entries_max in the environment is wrong (12 is used)" in str(loaded.problems[0])


@pytest.mark.parametrize("values", [{"embedder": "mini-lm"}, {"uri": 5}, {"embeding_model": "x"}])
def test_memory_refuses_by_itself(values: dict[str, Any]) -> None:
    settings = used(memory=values)
    settings.require_usable()
    with pytest.raises(ConfigurationError):
        settings.memory.require_usable()


def test_a_judge_is_as_unusable_as_what_names_it() -> None:
    settings = used(model={"base_url": "http://a.example/v1"}, judge={"base_url": "b.example"})
    with pytest.raises(ConfigurationError, match=r"judge\.base_url"):
        settings.judge.over(settings.model, "judge").require_usable()


def test_a_file_that_cannot_be_read_may_have_named_an_endpoint(tmp_path: Path) -> None:
    user = tmp_path / "user.toml"
    user.write_text('[model]\nbase_url = "http://a.example/v1\n')
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(environment={}, user_file=user).settings.require_usable()


@pytest.mark.parametrize(
    "text",
    [
        'model = "x"\n',
        "[judge]\nname = []\n",
        "[modell]\nx = 1\n",
        "\x00",
    ],
)
def test_a_checkout_cannot_refuse_a_run(project: Path, text: str) -> None:
    (project / ".holdfast").mkdir()
    (project / ".holdfast" / "config.toml").write_text(text)
    loaded = load(project, environment={}, user_file=Path("/gone"))
    loaded.settings.require_usable()
    assert len(loaded.problems) == 1


@pytest.mark.parametrize(
    "line", ['base_url = "http://a.example/v1"', "base_url = 5", 'price_input = 1\nname = "x"']
)
@pytest.mark.parametrize("is_set", [False, True])
def test_no_server_is_guessed_where_a_checkout_names_one(
    project: Path, line: str, is_set: bool
) -> None:
    (project / ".holdfast").mkdir()
    (project / ".holdfast" / "config.toml").write_text(f"[model]\n{line}\n")
    own = {"model": {"base_url": "http://own.example/v1", "name": "own"}} if is_set else {}
    settings = load(project, environment={}, user_file=Path("/gone"), editor=own).settings
    if is_set:
        settings.require_usable()
        assert (settings.model.base_url, settings.model.name) == ("http://own.example/v1", "own")
    else:
        with pytest.raises(ConfigurationError, match=r"model\."):
            settings.require_usable()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOLDFAST_MODEL__BASE_URL", "${LLM_URL}"),
        ("HOLDFAST_MODEL__BASE_URL", "${env:LLM_URL}"),
        ("HOLDFAST_MODEL__BASE_URL", "http://${LLM_HOST}:8000/v1"),
        ("HOLDFAST_MODEL_BASE_URL", "http://llm.example:8000/v1"),
        ("holdfast_model__base_url", "http://llm.example:8000/v1"),
    ],
)
def test_a_variable_of_the_environment_is_put_in(name: str, value: str) -> None:
    environment = {"LLM_URL": "http://llm.example:8000/v1", "LLM_HOST": "llm.example", name: value}
    loaded = load(environment=environment, user_file=Path("/gone"))
    assert loaded.problems == ()
    assert loaded.settings.model.base_url == "http://llm.example:8000/v1"


def test_a_variable_that_is_not_set_is_named() -> None:
    loaded = load(environment={}, user_file=Path("/gone"), editor={"model": {"name": "${MODEL}"}})
    assert "variable MODEL is not set" in str(loaded.problems[0])


def test_a_variable_in_a_rule_is_the_shells() -> None:
    rules = {"permissions": {"allow": ["shell(echo ${HOME})"]}}
    loaded = load(environment={}, user_file=Path("/gone"), editor=rules)
    assert loaded.settings.permissions.allow == ("shell(echo ${HOME})",)


TEXT = '[model]\nname = "mine"\n'


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8-sig"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r\n").encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
    ],
)
def test_a_file_of_an_editor_for_windows_is_read(tmp_path: Path, data: bytes) -> None:
    user = tmp_path / "user.toml"
    user.write_bytes(data)
    loaded = load(environment={}, user_file=user)
    assert loaded.problems == ()
    assert loaded.settings.model.name == "mine"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (TEXT.encode("utf-16-le"), "NUL"),
        (TEXT.encode() + b"\0", "line 3 has a NUL"),
        (b"\xff" + TEXT.encode(), "utf-8"),
    ],
)
def test_a_file_that_is_no_text_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    user = tmp_path / "user.toml"
    user.write_bytes(data)
    (problem,) = load(environment={}, user_file=user).problems
    assert says in str(problem)
    assert str(user) in str(problem)
