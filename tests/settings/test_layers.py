"""Where settings come from, and what a project's file cannot widen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit

from lsp_server.settings.layers import Loaded, load

USER: dict[str, Any] = {
    "model": {
        "base_url": "http://own.example/v1",
        "name": "mine",
        "price_input": 3.0,
        "output_tokens_max": 4000,
    },
    "max_mode": {"samples": 4},
    "run": {"cost_usd_max": 2.0},
    "permissions": {"deny": ["shell(rm *)"]},
}


def check(root: Path, project: dict[str, Any]) -> Loaded:
    (root / ".holdfast").mkdir(exist_ok=True)
    (root / ".holdfast" / "config.toml").write_text(tomlkit.dumps(project))
    user = root.parent / "user.toml"
    user.write_text(tomlkit.dumps(USER))
    return load(root, environment={}, user_file=user)


@pytest.mark.parametrize(
    ("section", "key", "value", "why"),
    [
        ("model", "base_url", "http://elsewhere/v1", "may not set it"),
        ("model", "api_key_command", "cat key", "may not set it"),
        ("model", "extra_body", {"n": 100}, "may not set it"),
        ("model", "name", "dear", "may not set it"),
        ("model", "price_input", 0, "may not set it"),
        ("model", "price_cached", 0.0, "may not set it"),
        ("model", "price_output", 9.0, "may not set it"),
        ("model", "output_tokens_max", 8000, "only lower it below 4000, not set it to 8000"),
        ("model", "context_tokens", 1_000_000, "only lower it below 131072"),
        ("judge", "base_url", "http://elsewhere/v1", "may not set it"),
        ("judge", "name", "dear", "may not set it"),
        ("judge", "price_output", 0, "may not set it"),
        ("max_mode", "enabled", True, "only switch it off"),
        ("max_mode", "enabled", "yes", "only switch it off"),
        ("max_mode", "samples", 5, "only lower it below 4"),
        ("max_mode", "strategy", "always", "only lower it below auto, not set it to always"),
        ("max_mode", "strategy", "adaptive", "only lower it below auto"),
        ("max_mode", "judge_context", "shared", "may not set it"),
        ("goal", "check_on_save", True, "only switch it off"),
        ("context", "budget_tokens", 100_000, "only lower it below 65536"),
        ("context", "brief", True, "only switch it off"),
        ("memory", "uri", "s3://elsewhere", "may not set it"),
        ("memory", "embedder", "http", "may not set it"),
        ("memory", "embedding_model", "dear", "may not set it"),
        ("memory", "file_bytes_max", 10_000_000, "only lower it below 1000000"),
        ("memory", "commits_max", 10_000, "only lower it below 300"),
        ("permissions", "mode", "full", "only lower it below ask"),
        ("permissions", "mode", "sandboxed", "only lower it below ask"),
        ("sandbox", "mode", "off", "may not set it"),
        ("sandbox", "network", "on", "only lower it below off"),
        ("sandbox", "write", ["/etc"], "may not set it"),
        ("sandbox", "hosts", ["evil.example"], "may not set it"),
        ("sandbox", "caches", ["pip"], "may not set it"),
        ("sandbox", "devices", ["/dev/sda"], "may not set it"),
        ("permissions", "allow", ["shell(*)"], "may not set it"),
        ("run", "cost_usd_max", 3, "only lower it below 2.0"),
        ("checkpoints", "days_max", 0.001, "may not set it"),
        ("checkpoints", "bytes_max", 1, "may not set it"),
        ("run", "steps_max", 201, "only lower it below 200"),
    ],
)
def test_a_project_cannot_widen(
    project: Path, section: str, key: str, value: object, why: str
) -> None:
    plain = check(project, {}).settings
    loaded = check(project, {section: {key: value}})
    assert loaded.settings == plain
    (problem,) = loaded.problems
    assert problem.key == f"{section}.{key}"
    assert f"{section}.{key} in {project / '.holdfast' / 'config.toml'} is ignored" in str(problem)
    assert why in str(problem)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("model", "temperature", 0.2),
        ("model", "output_tokens_max", 1000),
        ("max_mode", "samples", 2),
        ("max_mode", "strategy", "gated"),
        ("max_mode", "grace_seconds", 3.0),
        ("context", "budget_tokens", 9000),
        ("memory", "enabled", False),
        ("memory", "commits_max", 0),
        ("permissions", "mode", "read-only"),
        ("sandbox", "network", "off"),
        ("sandbox", "hide", ("db",)),
        ("run", "tokens_max", 10_000),
        ("run", "cost_usd_max", 1.0),
        ("run", "transcript", False),
    ],
)
def test_a_project_can_narrow(project: Path, section: str, key: str, value: object) -> None:
    loaded = check(project, {section: {key: value}})
    assert loaded.problems == ()
    assert getattr(getattr(loaded.settings, section), key) == value


def test_deny_rules_of_user_and_project_add_up(project: Path) -> None:
    loaded = check(project, {"permissions": {"deny": ["read(.env)"]}})
    assert loaded.settings.permissions.deny == ("shell(rm *)", "read(.env)")


@pytest.mark.parametrize("place", ["*.pem", "keys/?", "~nobody-of-that-name/keys"])
def test_what_cannot_be_hidden_is_named_and_makes_commands_ask(project: Path, place: str) -> None:
    loaded = load(project, environment={}, editor={"sandbox": {"hide": ["keys", place]}})
    (problem,) = loaded.problems
    assert problem.key == "sandbox.hide"
    assert repr(place) in str(problem)
    assert "commands ask" in str(problem)


@pytest.mark.parametrize(
    ("section", "key", "right", "wrong"),
    [
        ("sandbox", "hide", ["keys"], ["*.pem", "~nobody-of-that-name/keys"]),
        ("sandbox", "hide", ["keys", "db"], ["a?"]),
        ("sandbox", "hide", [], ["*.pem", "*.pem"]),
        ("sandbox", "hosts", ["pypi.org"], ["https://x.example", "a b", "x.example/path", ""]),
        ("sandbox", "write", ["~/notes"], ["/", "", "a*"]),
        ("sandbox", "caches", ["npm"], ["pipx", "bun"]),
        ("sandbox", "devices", ["/dev/kvm"], ["kvm", "/tmp/kvm"]),
        ("permissions", "deny", ["shell(rm *)"], [5, 6]),
        ("permissions", "allow", ["shell(ls)"], [True, {}]),
    ],
)
def test_each_wrong_entry_of_a_list_is_named_and_the_others_hold(
    project: Path, section: str, key: str, right: list[str], wrong: list[object]
) -> None:
    entries = [*wrong[:1], *right, *wrong[1:]]
    wished: dict[str, dict[str, Any]] = {
        "permissions": {"answer_timeout_seconds": 7},
        "sandbox": {"network": "loopback"},
    }
    wished[section][key] = entries
    loaded = load(project, environment={}, editor=wished)
    assert [problem.key for problem in loaded.problems] == [f"{section}.{key}"] * len(wrong)
    for entry, problem in zip(wrong, loaded.problems, strict=True):
        assert f"entry of {section}.{key} in the editor is wrong" in str(problem)
        assert repr(entry) in str(problem)
        assert "pattern '" not in str(problem), "a regular expression is no sentence"
    forbids = key in ("hide", "deny")
    assert all(("commands ask" in str(problem)) == forbids for problem in loaded.problems)
    assert getattr(getattr(loaded.settings, section), key) == tuple(right)
    assert loaded.settings.permissions.answer_timeout_seconds == 7
    assert loaded.settings.sandbox.network == "loopback"
    assert wished[section][key] == entries, "the editor's own list stays as it is"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("model", "base_url", "LLM.intern:8000/v1"),
        ("model", "base_url", "Http//a.example"),
        ("model", "base_url", "${Nowhere}"),
        ("sandbox", "hosts", ["Pypi.org/simple"]),
        ("sandbox", "write", ["Users/*"]),
        ("sandbox", "devices", ["Kvm"]),
    ],
)
def test_a_value_is_named_as_it_was_written(
    project: Path, section: str, key: str, value: str | list[str]
) -> None:
    (problem,) = load(project, environment={}, editor={section: {key: value}}).problems
    written = "".join(value).strip("${}")
    assert written in str(problem)
    assert written[0].lower() + written[1:] not in str(problem)


def test_a_wrong_entry_takes_nothing_from_the_layer_below(project: Path) -> None:
    user = project.parent / "user.toml"
    user.write_text('[sandbox]\nhide = ["a", "b"]\n')
    editor = {"sandbox": {"hide": ["*.pem", "c", "?"]}}
    loaded = load(project, environment={}, user_file=user, editor=editor)
    assert loaded.settings.sandbox.hide == ("a", "b", "c")
    assert len(loaded.problems) == 2


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"command": "npx", "args": ["-y", "docs", 8080, 1]}, "args.2"),
        ({"command": "npx", "env": {"PORT": 1, "A": 2}}, "env.PORT"),
        ({"command": ["npx", "docs"]}, "command"),
        ("npx docs", "should be"),
    ],
)
def test_a_server_that_cannot_be_read_whole_is_not_started(
    project: Path, entry: object, said: str
) -> None:
    servers = {"docs": entry, "other": {"command": "other"}}
    loaded = load(project, environment={}, editor={"mcp": {"servers": servers}})
    assert list(loaded.settings.mcp.servers) == ["other"]
    assert {problem.key for problem in loaded.problems} == {"mcp.servers.docs"}
    assert said in str(loaded.problems[0])
    assert "not started" in str(loaded.problems[0])


def test_what_user_project_and_editor_hide_adds_up(project: Path) -> None:
    (project / ".holdfast").mkdir()
    (project / ".holdfast/config.toml").write_text('[sandbox]\nhide = "b"\n')
    user = project.parent / "user.toml"
    user.write_text('[sandbox]\nhide = ["a"]\n')
    editor = {"sandbox": {"hide": ["c"]}}
    loaded = load(project, environment={}, user_file=user, editor=editor)
    assert loaded.settings.sandbox.hide == ("a", "b", "c")


def test_the_hooks_of_user_and_editor_add_up_in_either_spelling(project: Path) -> None:
    user = project.parent / "user.toml"
    user.write_text('[hooks]\nPreToolUse = [{hooks = [{command = "one"}]}]\n')
    two, three = ([{"hooks": [{"command": name}]}] for name in ("two", "three"))
    editor = {"hooks": {"pre_tool_use": two, "PreToolUse": three}}
    loaded = load(project, editor=editor, user_file=user, environment={})
    groups = loaded.settings.hooks.pre_tool_use
    assert [group["hooks"][0]["command"] for group in groups] == ["one", "two", "three"]
    assert loaded.problems == ()


def test_a_project_sets_no_hook_in_its_settings(project: Path) -> None:
    (project / ".holdfast").mkdir()
    text = '[hooks]\nproject_hooks = false\nPreToolUse = [{hooks = [{command = "theirs"}]}]\n'
    (project / ".holdfast" / "config.toml").write_text(text)
    loaded = load(project, environment={})
    assert (loaded.settings.hooks.pre_tool_use, loaded.settings.hooks.project_hooks) == ((), False)
    assert [one.key for one in loaded.problems] == ["hooks.pre_tool_use"]


@pytest.mark.parametrize(
    ("section", "key", "good"),
    [
        ("permissions", "deny", ["shell(rm *)"]),
        ("sandbox", "hide", ["keys"]),
        ("hooks", "pre_tool_use", [{"hooks": [{"command": "guard"}]}]),
    ],
)
@pytest.mark.parametrize("wrong", [5, True, {"a": 1}, 1.5])
def test_what_is_no_list_takes_nothing_from_the_layer_below(
    project: Path, section: str, key: str, good: list[Any], wrong: object
) -> None:
    user = project.parent / "user.toml"
    user.write_text(
        tomlkit.dumps(
            {section: {key: good}, "permissions": {"mode": "full"}}
            if section != "permissions"
            else {section: {key: good, "mode": "full"}}
        )
    )
    loaded = load(project, editor={section: {key: wrong}}, user_file=user, environment={})
    assert list(getattr(getattr(loaded.settings, section), key)) == good
    assert [one.key for one in loaded.problems] == [f"{section}.{key}"]
    assert loaded.settings.permissions.mode == "ask", "what may have forbidden something is unread"


def test_what_narrows_stays_beside_what_does_not(project: Path) -> None:
    loaded = check(project, {"run": {"steps_max": 5, "cost_usd_max": 9}, "model": {"name": "x"}})
    assert [problem.key for problem in loaded.problems] == ["run.cost_usd_max", "model.name"]
    assert loaded.settings.run.steps_max == 5


FULL: dict[str, Any] = {"permissions": {"mode": "full"}}
"""What `--yes` is."""


@pytest.mark.parametrize("whose", ["user", "project"])
@pytest.mark.parametrize(
    "text",
    [
        '[permissions]\ndeny = ["shell(rm *)"\n',
        '[permissions]\nmode = "readonly"\n',
        '[permissions]\ndeny = ["shell(rm *)", 5]\n',
        '[permissions]\ndenied = ["shell(rm *)"]\n',
        'permissions = "read-only"\n',
        "\x00",
    ],
)
def test_where_what_forbids_cannot_be_read_nothing_is_freed(
    project: Path, whose: str, text: str
) -> None:
    files = {"user": project.parent / "user.toml", "project": project / ".holdfast/config.toml"}
    files["project"].parent.mkdir()
    files["user"].write_text('[permissions]\nallow = ["shell(make)"]\n')
    files[whose].write_text(text)
    loaded = load(project, environment={}, editor=FULL, user_file=files["user"])
    assert (loaded.settings.permissions.mode, loaded.settings.permissions.allow) == ("ask", ())
    (problem,) = loaded.problems
    assert str(files[whose]) in str(problem)
    assert "edits and commands ask" in str(problem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[run]\nsteps_max = 0\n",
        "[unknown]\nx = 1\n",
        "[permissions]\nanswer_timeout_seconds = 0\n",
        "[permissions]\nallow = [5]\n",
        '[permissions]\nmode = "auto-edit"\n',
    ],
)
def test_what_forbids_nothing_takes_nothing_back(project: Path, text: str) -> None:
    (project / ".holdfast").mkdir()
    (project / ".holdfast" / "config.toml").write_text(text)
    user = project.parent / "user.toml"
    loaded = load(project, environment={}, editor=FULL, user_file=user)
    assert loaded.settings.permissions.mode == "full"
    assert not any("edits and commands ask" in str(problem) for problem in loaded.problems)


def test_a_narrower_mode_stays_where_something_cannot_be_read(project: Path) -> None:
    loaded = check(project, {"permissions": {"mode": "read-only", "deny": [5]}})
    assert loaded.settings.permissions.mode == "read-only"
