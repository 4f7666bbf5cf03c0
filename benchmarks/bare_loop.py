"""The floor: the smallest loop that does the same steps, with the standard library alone.

No permissions, no journal, no limits, no streaming: what a step costs when
nothing but the model and the tools is there. With a window it asks the model for
a summary at 90 % of it and goes on from the task and that, as peers do.

    python bare_loop.py BASE_URL [TASK] [WINDOW_TOKENS]
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SUMMARISE_AT = 0.9
SUMMARISE = "Summarise the conversation so far for yourself; it will be put away."


def main(base_url: str, task: str = "Do the steps.", window_tokens: int = 0) -> None:
    url = urlsplit(base_url)
    connection = http.client.HTTPConnection(url.netloc)

    def ask(messages: list[dict[str, Any]]) -> Any:
        body = json.dumps({"model": "scripted", "messages": messages})
        connection.request("POST", f"{url.path}/chat/completions", body)
        answer = json.loads(connection.getresponse().read())
        return answer["choices"][0]["message"], answer["usage"]["prompt_tokens"]

    messages: list[dict[str, Any]] = [{"role": "user", "content": task}]
    while True:
        message, tokens = ask(messages)
        messages.append(message)
        for call in message.get("tool_calls") or []:
            name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
            if name == "finish":
                return
            messages.append(
                {"role": "tool", "tool_call_id": call["id"], "content": act(name, arguments)}
            )
        if window_tokens and tokens > SUMMARISE_AT * window_tokens:
            summary, _ = ask([*messages, {"role": "user", "content": SUMMARISE}])
            messages = [
                {"role": "user", "content": task},
                {"role": "user", "content": f"What happened so far:\n{summary['content']}"},
            ]


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
    base, *rest = sys.argv[1:]
    main(base, rest[0] if rest else "Do the steps.", int(rest[1]) if rest[1:] else 0)
