"""Programs that play a script to its end and leave what they saw as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


async def saw(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    result: Path,
    seconds_max: float,
    folder: Path | None = None,
) -> dict[str, Any]:
    """What the program wrote to `result`; without that its output is the failure."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**environment, "RESULT": str(result)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds_max):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert result.exists(), output.decode(errors="replace")
    seen: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return seen
