"""The floor: the smallest loop that does the same steps, with the standard library alone.

No permissions, no journal, no limits, no streaming: what a step costs when
nothing but the model and the tools is there.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def main(base_url: str) -> None:
    url = urlsplit(base_url)
    connection = http.client.HTTPConnection(url.netloc)
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Do the steps."}]
    while True:
        body = json.dumps({"model": "scripted", "messages": messages})
        connection.request("POST", f"{url.path}/chat/completions", body)
        message = json.loads(connection.getresponse().read())["choices"][0]["message"]
        messages.append(message)
        for call in message.get("tool_calls") or []:
            name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
            if name == "finish":
                return
            messages.append(
                {"role": "tool", "tool_call_id": call["id"], "content": act(name, arguments)}
            )


def act(name: str, arguments: dict[str, Any]) -> str:
    match name:
        case "read":
            lines = Path(arguments["path"]).read_text().splitlines()
            return "\n".join(lines[arguments["start_line"] - 1 : arguments["end_line"]])
        case "edit":
            path = Path(arguments["path"])
            path.write_text(path.read_text().replace(arguments["old_text"], arguments["new_text"]))
            return "ok"
        case _:
            done = subprocess.run(
                ["sh", "-c", arguments["command"]], capture_output=True, text=True, check=False
            )
            return done.stdout + done.stderr


if __name__ == "__main__":
    main(sys.argv[1])
