"""Our client as the conformance suite starts it: connects to an address and calls each tool.

python -m tests.mcp_client.conformance_client URL
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from lsp_server.mcp_client.answers import answer_of_a_yes
from tests.harness.mcp import connected_server

CALL_SECONDS = 20.0


async def say_yes(server: str, message: str, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    del server, message
    return answer_of_a_yes(schema)


async def main(url: str) -> None:
    async with connected_server("suite", say_yes, url=url) as server:
        for tool in await server.tools():
            names = tool.schema.get("properties")
            numbers = dict.fromkeys(names, 2) if isinstance(names, Mapping) else {}
            await server.call(tool.name, numbers, CALL_SECONDS)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
