"""What the first request of a run takes before any work: with nothing, with skills, with servers.

20 skills have descriptions of 200 characters; tools of a server have descriptions of
400 and three arguments each, as those of hosted services have; 10 are listed, 18 and 30 are not. A token is counted as four
characters of the request's body: Holdfast has no tokenizer, and English is near that. It
ends with status 1 where both together take more than the ceiling.

    python -m benchmarks.idle_cost [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.table import Row, arguments, show
from tests.harness.workshop import finish, workshop

SERVER = Path(__file__).parents[1] / "tests" / "fakes" / "mcp_server.py"
SKILLS = 20
CEILING_TOKENS = 6_000
CHARS_PER_TOKEN = 4
SERVERS = ("", "wordy-10", "wordy-18", "wordy-30")
"""What the server of tests is told; ten of its tools are as much as is listed."""


def main() -> int:
    options = arguments(__doc__).parse_args()
    rows = [asyncio.run(measure(skills, server)) for skills in (False, True) for server in SERVERS]
    show("the first request of a run, in tokens (characters / 4)", rows, options.json)
    return max(int(str(row["tokens"])) for row in rows) > CEILING_TOKENS


async def measure(has_skills: bool, server: str) -> Row:
    """Starts a run that ends at once, and measures its first request."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ |= {"XDG_DATA_HOME": f"{temporary}/data", "XDG_CONFIG_HOME": temporary}
        os.environ |= {"HOME": temporary}
        project = Path(temporary) / "project"
        project.mkdir()
        if has_skills:
            write_skills(Path(temporary) / ".agents" / "skills")
        entry: dict[str, Any] = {"command": sys.executable, "args": [str(SERVER), server]}
        servers = {"hub": entry} if server else {}
        async with workshop(project, [finish()], mcp={"servers": servers}) as shop:
            await shop.run()
            request = shop.server.requests[0]
            tools = request.body["tools"]
            return {
                "with": f"{SKILLS if has_skills else 0} skills, {server.removeprefix('wordy-') or 'no'} tools of a server",
                "tools listed": len(tools),
                "tokens": len(request.raw.decode()) // CHARS_PER_TOKEN,
                "of tools": len(str(tools)) // CHARS_PER_TOKEN,
            }


def write_skills(folder: Path) -> None:
    for number in range(SKILLS):
        skill = folder / f"skill-{number}"
        skill.mkdir(parents=True)
        description = f"Does the work number {number} as this house does it. " * 5
        text = f"---\nname: skill-{number}\ndescription: {description[:200]}\n---\nDo it.\n"
        (skill / "SKILL.md").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
