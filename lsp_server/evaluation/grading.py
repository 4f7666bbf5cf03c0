"""This module lets the tests of a task say what came of it; the reward is read as Harbor does."""

from __future__ import annotations

import asyncio
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.evaluation.task import GradingCommand, Place
from lsp_server.settings.regular_files import read_seen
from lsp_server.workspace.commands.commands import CommandRunner

REWARD_JSON, REWARD_TEXT = "reward.json", "reward.txt"
OUTPUT_BYTES_MAX = 200_000
REWARD_BYTES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Grade:
    """A `Grade` is what tests gave, and what they printed. `seconds` is how long they took.

    Tests that took too long gave nothing.
    """

    reward: float
    output: str
    seconds: float
    timed_out: bool = False


async def grade(place: Place, tests: GradingCommand, commands: CommandRunner) -> Grade:
    """Runs the tests on a workspace. Raises ToolError where their reward cannot be read, OSError.

    A reward of several numbers is the one called `reward`, else the smallest. Where no file
    has a reward the exit status is one, 0 for solved.
    """
    await asyncio.to_thread(place.logs.mkdir, parents=True, exist_ok=True)
    result = await commands.run(
        tests.command,
        place.workspace,
        timeout_seconds=tests.timeout_seconds,
        output_bytes_max=OUTPUT_BYTES_MAX,
        environment={**os.environ, **tests.environment},
    )
    if result.timed_out:
        return Grade(0.0, result.output, result.seconds, timed_out=True)
    reward = await asyncio.to_thread(read_reward, place.logs)
    if reward is None:
        reward = 1.0 if result.exit_status == 0 else 0.0
    return Grade(reward, result.output, result.seconds)


def read_reward(logs: Path) -> float | None:
    """Returns the reward that tests wrote, None where they wrote none. Blocking.

    Raises ToolError for one that is no finite number, and for what is no plain file.
    """
    for name in (REWARD_JSON, REWARD_TEXT):
        try:
            # What is tested may have made a link out of the sandbox of it, or a pipe.
            text = read_seen(str(logs / name), REWARD_BYTES_MAX).decode()
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise ToolError(f"{name} of the tests cannot be read: {error}") from error
        return _number(text, name)
    return None


def _number(text: str, name: str) -> float:
    try:
        value = json.loads(text) if name == REWARD_JSON else float(text)
    except ValueError as error:
        raise ToolError(f"{name} of the tests has no number: {text.strip()[:80]!r}") from error
    numbers = list(value.values()) if isinstance(value, dict) else [value]
    if isinstance(value, dict) and "reward" in value:
        numbers = [value["reward"]]
    is_number = [
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
        for one in numbers
    ]
    if not numbers or not all(is_number):
        raise ToolError(f"{name} of the tests has no finite number: {text.strip()[:80]!r}")
    return float(min(numbers))
