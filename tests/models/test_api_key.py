"""The key comes from the most particular place, and is never shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.errors import ConfigurationError
from lsp_server.models.api_key import KEY_BYTES_MAX, find_api_key, key_headers
from lsp_server.models.chat_completions import ChatCompletions
from lsp_server.settings.sections import ModelSettings
from tests.fakes.wire_server import settings_for


def python(program: str) -> str:
    return f'{sys.executable} -c "{program}"'


async def check(expected: str | None, command: str | None = None, **environment: str) -> None:
    settings = ModelSettings(api_key_command=command)
    assert await find_api_key(settings, environment=environment) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HOLDFAST_API_KEY": "a", "OPENAI_API_KEY": "b"}, "a"),
        ({"HOLDFAST_API_KEY": " ", "OPENAI_API_KEY": " b\n"}, "b"),
        ({"OPENAI_API_KEY": "b"}, "b"),
    ],
)
async def test_the_environment_holds_the_key(
    environment: dict[str, str], expected: str | None
) -> None:
    await check(expected, **environment)


async def test_a_command_wins_over_the_environment() -> None:
    await check("sk-1", python("print('sk-1'); print('second line')"), HOLDFAST_API_KEY="a")


@pytest.mark.parametrize("command", ["./say", "say"])
async def test_a_command_is_nothing_that_a_project_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    program = tmp_path / "say"
    program.write_text("#!/bin/sh\necho of-the-project\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    with pytest.raises(ConfigurationError, match="No such file"):
        await check(None, command)


async def test_a_command_is_no_shell() -> None:
    await check("$HOME;", "echo $HOME; echo x")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("'unbalanced", "unbalanced quotes"),
        (" ", "is empty"),
        ("/no/such/program --token hush", "/no/such/program: No such file"),
        (python("import sys; print('hush'); sys.exit(3)"), "exit status 3"),
        (python("pass"), "printed nothing"),
        (python(f"print('hush' * {KEY_BYTES_MAX})"), "no key"),
    ],
)
async def test_a_command_that_gives_no_key_is_named_without_its_words(
    command: str, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says) as raised:
        await find_api_key(ModelSettings(api_key_command=command))
    assert raised.value.key == "model.api_key_command"
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(60)",
        "import os, time; os.fork() and os._exit(0); time.sleep(60)",
    ],
)
async def test_a_command_has_a_deadline(program: str) -> None:
    settings = ModelSettings(api_key_command=python(program))
    with pytest.raises(ConfigurationError, match=r"did not end within 0\.3 s"):
        await find_api_key(settings, seconds_max=0.3)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(None, {}), ("sk-1", {"Authorization": "Bearer sk-1"})],
)
def test_a_key_travels_as_a_header(key: str | None, expected: dict[str, str]) -> None:
    assert key_headers(key) == expected


@pytest.mark.parametrize("key", ["", "hush\r\nX-Evil: 1", "“hush”", "hu sh"])
@pytest.mark.parametrize(
    "use", [key_headers, lambda key: ChatCompletions(settings_for("http://x"), api_key=key)]
)
def test_a_key_that_no_header_can_carry_is_refused(key: str, use: Any) -> None:
    with pytest.raises(ConfigurationError, match="HOLDFAST_API_KEY") as raised:
        use(key)
    assert "hu" not in str(raised.value).replace("such", "")
