"""Names that others rely on: errors, settings, tools, invariants."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from lsp_server.domain import (
    attempt_events,
    background_events,
    child_events,
    errors,
    events,
    file_events,
    message_events,
    permission_events,
    rewind_events,
    workflow_events,
)
from lsp_server.settings.section import Section
from lsp_server.settings.sections import Settings

ROOT = Path(__file__).parents[2]


def test_the_drawn_tree_of_errors_is_complete() -> None:
    drawn = set(re.findall(r"[├└│ ─]*\b([A-Z]\w+)", (errors.__doc__ or "").split("A message")[0]))
    real = {
        kind.__name__
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.HoldfastError)
    }
    assert real <= drawn


def test_every_event_is_in_the_union_and_says_its_kind() -> None:
    members = set(get_args(events.Event))
    defined = {
        kind
        for module in (
            events,
            attempt_events,
            background_events,
            child_events,
            file_events,
            message_events,
            permission_events,
            rewind_events,
            workflow_events,
        )
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
        and kind not in (events.RecordedEvent, child_events.ChildChange)
    }
    assert members == defined
    kinds = [kind.__dataclass_fields__["kind"].default for kind in members]
    assert len(set(kinds)) == len(kinds)


def test_what_may_stand_in_a_journal_is_written_down_with_its_format() -> None:
    """An older Holdfast can say "update it" only where the format tells that something is new."""
    script = [sys.executable, str(ROOT / "scripts" / "journal_words.py"), "--check"]
    done = subprocess.run(script, check=False, timeout=60, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, (
        "an Event changed: raise FORMAT in agent/journal_format.py if that format was released, "
        "then run scripts/journal_words.py"
    )


SETTINGS = {
    "model": "base_url name wire api_key_command temperature context_tokens output_tokens_max "
    "images silence_timeout_seconds extra_body price_input price_cached price_cache_write price_output",
    "judge": "base_url name wire api_key_command temperature context_tokens output_tokens_max "
    "images silence_timeout_seconds extra_body price_input price_cached price_cache_write price_output",
    "cheap": "base_url name wire api_key_command temperature context_tokens output_tokens_max "
    "images silence_timeout_seconds extra_body price_input price_cached price_cache_write price_output",
    "max_mode": "enabled samples strategy temperature judge_temperature judge_context first_draw "
    "quorum grace_seconds",
    "goal": "re_entries_max check_timeout_seconds check_on_save judge_task",
    "context": "budget_tokens rebuild_at brief result_chars_max",
    "memory": "enabled uri base_uri base_copy_bytes_max embedder embedding_base_url embedding_model index_on_start "
    "file_bytes_max commits_max",
    "permissions": "mode allow deny answer_timeout_seconds",
    "sandbox": "mode network hosts write caches devices hide",
    "fetch": "private_hosts page_bytes_max timeout_seconds",
    "skills": "enabled claude_folders",
    "evolution": "idle_minutes runs_min apply_verified auto tokens_per_day cost_usd_per_day "
    "seconds_per_day",
    "mcp": "servers project_servers call_timeout_seconds",
    "hooks": "pre_tool_use post_tool_use user_prompt_submit stop subagent_stop session_start "
    "pre_compact notification project_hooks",
    "run": "python steps_max tokens_max cost_usd_max wall_seconds_max children_max transcript",
    "attempts": "first_passing ignored",
    "checkpoints": "days_max bytes_max",
    "background": "idle_timeout_seconds",
}


def test_the_settings_are_those_that_the_documentation_names() -> None:
    real: dict[str, set[str]] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, Section)
        real[name] = set(section.model_fields)
    assert real == {name: set(keys.split()) for name, keys in SETTINGS.items()}


def test_the_architecture_names_files_that_exist() -> None:
    page = (ROOT / "lsp_server" / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", page))
    assert len(named) > 30
    known = {
        path.relative_to(ROOT / "lsp_server").as_posix()
        for path in (ROOT / "lsp_server").rglob("*.py")
    }
    known |= {
        f"tests/{path.relative_to(ROOT / 'tests').as_posix()}"
        for path in (ROOT / "tests").rglob("*.py")
    }
    known |= {f"scripts/{path.name}" for path in (ROOT / "scripts").glob("*.py")}
    missing = {
        each for each in named if not any(k == each or k.endswith(f"/{each}") for k in known)
    }
    assert not missing


def test_each_invariant_names_a_test_that_exists() -> None:
    page = (ROOT / "lsp_server" / "ARCHITECTURE.md").read_text("utf-8")
    invariants = re.findall(r"^\d+\. .*$", page.split("## Invariants")[1], re.MULTILINE)
    assert len(invariants) >= 10
    for line in invariants:
        for path in re.findall(r"`(tests/[\w/.]+)`", line):
            assert (ROOT / path).exists(), path


def test_continuous_integration_runs_the_commands_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    setup, tests = "python3 -m venv .venv && .venv/bin/pip install -q", ".venv/bin/pytest"
    assert f"{setup} . && .venv/bin/holdfast demo" in readme
    assert f"{setup} -e '.[dev]' && {tests}" in readme
    assert f"{setup} -e '.[dev]'" in script
    assert re.search(rf"^{re.escape(tests)} --thorough$", script, re.MULTILINE)
