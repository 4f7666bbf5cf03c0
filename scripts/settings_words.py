"""This module has the words of settings that their declarations have not: titles, and what a choice means."""

from __future__ import annotations

ORDER = (
    *("model", "permissions", "sandbox", "run", "goal", "max_mode", "attempts", "memory"),
    *("context", "mcp", "skills", "hooks", "fetch", "evolution", "checkpoints", "background"),
    *("judge", "cheap"),
)
"""The sections as the settings page shows them: what most people look for comes first."""

TITLES = {
    "base_url": "Address of the endpoint",
    "name": "Name of the model",
    "wire": "Protocol",
    "api_key_command": "Command that prints the key",
    "context_tokens": "Window of the model, in tokens",
    "output_tokens_max": "Longest answer, in tokens",
    "silence_timeout_seconds": "Longest silence, in seconds",
    "extra_body": "More fields of each request",
    "price_input": "Price of prompt tokens",
    "price_cached": "Price of cached prompt tokens",
    "price_cache_write": "Price of keeping prompt tokens",
    "price_output": "Price of completion tokens",
    "allow": "Allow rules",
    "deny": "Deny rules",
    "answer_timeout_seconds": "Wait for an answer, in seconds",
    "hosts": "Hosts that commands reach",
    "write": "Further folders to write",
    "caches": "Caches of package managers",
    "devices": "Device files",
    "hide": "Hidden files and folders",
    "private_hosts": "Hosts of your own network",
    "page_bytes_max": "Longest page, in bytes",
    "timeout_seconds": "Timeout, in seconds",
    "python": "Python interpreter of commands",
    "steps_max": "Most steps",
    "tokens_max": "Most tokens",
    "cost_usd_max": "Highest cost, in US dollars",
    "wall_seconds_max": "Longest time, in seconds",
    "children_max": "Subagents at once",
    "transcript": "Keep a transcript",
    "re_entries_max": "Times a run is sent back",
    "check_timeout_seconds": "Timeout of a check, in seconds",
    "check_on_save": "Check on save",
    "judge_task": "Judge tasks without a goal",
    "samples": "Candidates of a step",
    "judge_temperature": "Temperature of the judge",
    "judge_context": "What the judge reads",
    "first_draw": "Candidates of the first wave",
    "quorum": "Candidates that suffice",
    "grace_seconds": "Wait for stragglers, in seconds",
    "first_passing": "Take the first that passes",
    "ignored": "Folders that git ignores",
    "uri": "Place of the database",
    "base_uri": "Base of the team",
    "base_copy_bytes_max": "Largest copy of the base, in bytes",
    "embedding_base_url": "Address of the embedder",
    "embedding_model": "Model of the embedder",
    "index_on_start": "Index at the start",
    "file_bytes_max": "Longest file, in bytes",
    "commits_max": "Commits that are remembered",
    "budget_tokens": "Longest prompt, in tokens",
    "rebuild_at": "Start a new cycle at",
    "brief": "Ask for a brief",
    "result_chars_max": "Longest result, in characters",
    "servers": "MCP servers of your own",
    "project_servers": "MCP servers of the project",
    "call_timeout_seconds": "Timeout of a call, in seconds",
    "claude_folders": "Read Claude Code's folders",
    "project_hooks": "Hooks of the project",
    "idle_minutes": "Minutes of quiet before it looks",
    "runs_min": "Runs before it looks",
    "apply_verified": "Apply what was verified",
    "auto": "Ask a model when learning",
    "tokens_per_day": "Most tokens in a day",
    "cost_usd_per_day": "Highest cost in a day, in US dollars",
    "seconds_per_day": "Longest time in a day, in seconds",
    "days_max": "Days that undo is kept",
    "bytes_max": "Bytes that undo may take",
    "idle_timeout_seconds": "End after, in seconds",
}
"""By the name of the setting; others are their names in words."""

_AS_WORKER = "As for the model that does the work."
_WIRES = {
    "chat": "OpenAI's chat completions, which most servers speak.",
    "messages": "Anthropic's Messages.",
    "responses": "OpenAI's Responses.",
}
_IMAGES = {
    "auto": "Show them until the endpoint refuses one.",
    "yes": "Show them.",
    "no": "Tell their name and size instead.",
}
_OF_ROLE = {"wire": {"": _AS_WORKER, **_WIRES}, "images": {"": _AS_WORKER, **_IMAGES}}

CHOICES = {
    "model": {"wire": _WIRES, "images": _IMAGES},
    "judge": _OF_ROLE,
    "cheap": _OF_ROLE,
    "permissions": {
        "mode": {
            "read-only": "Refuse edits and commands.",
            "ask": "Ask before edits and commands.",
            "auto-edit": "Edit without asking, ask before commands.",
            "sandboxed": "Edit without asking, and run commands that a sandbox holds to the workspace.",
            "full": "Never ask, and let commands do anything.",
        }
    },
    "sandbox": {
        "mode": {
            "auto": "The strongest that holds on this machine.",
            "bubblewrap": "Bubblewrap, on Linux.",
            "landlock": "Landlock, on Linux.",
            "seatbelt": "Seatbelt, on macOS.",
            "off": "No sandbox.",
        },
        "network": {
            "off": "Nothing.",
            "loopback": "Servers that commands started themselves.",
            "on": "All of the network.",
        },
    },
    "max_mode": {
        "strategy": {
            "auto": "`adaptive` where one request gives several answers, else `gated`.",
            "adaptive": "A few, and all only if they differ.",
            "gated": "One, and more only where a step would change something.",
            "always": "All of them at every step.",
        },
        "judge_context": {
            "auto": "The cheaper of the two.",
            "shared": "The worker's prompt.",
            "compact": "A digest.",
        },
    },
    "memory": {
        "embedder": {
            "minilm": "The model that ships with Holdfast, in process.",
            "http": "An OpenAI-compatible endpoint.",
            "hashing": "None, for tests.",
        }
    },
    "attempts": {
        "ignored": {
            "link": "Links to them.",
            "copy": "Copies.",
            "none": "Nothing.",
        }
    },
}
"""By section and setting, what each choice means; "" is not set."""


def title_of(key: str) -> str:
    """Returns what a setting is called in words.

    >>> title_of("base_url"), title_of("temperature")
    ('Address of the endpoint', 'Temperature')
    """
    return TITLES.get(key) or key.replace("_", " ").capitalize()
