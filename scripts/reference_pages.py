"""This script writes the pages of `docs/` that are made of others: settings, commands, flags, security.

    python -m scripts.reference_pages [--check]

Names, types, defaults and flags are those of the code; the sentences are the docstrings of
settings, the help of the command line, `command_words.py` and `SECURITY.md`. With `--check` nothing is
written: exit status 1 says that a page is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer.main

from lsp_server.cli.app import app
from lsp_server.server import commands
from lsp_server.server.params.base import CommandParams
from lsp_server.server.protocol import CommandName
from lsp_server.settings import project, sections
from scripts.client_settings import TITLES, description_of
from scripts.command_words import DOES
from scripts.settings_words import CHOICES, ORDER

DOCS = Path(__file__).parents[1] / "docs"
WRITTEN = "<!-- Written by scripts/reference_pages.py: change what it reads, not this page. -->"

ABOUT_SETTINGS = (
    "Each setting has one name in three places. `model.base_url` is `base_url` under `[model]` in "
    "`~/.config/holdfast/config.toml` (on macOS in `~/Library/Application Support/holdfast`), "
    "`HOLDFAST_MODEL__BASE_URL` in the environment and `holdfast.model.base_url` in VS Code. Later "
    "wins: your file, the project's `.holdfast/config.toml`, the environment, the editor. "
    "`holdfast doctor` shows what is in force."
)
ABOUT_COMMANDS = (
    "Any editor calls them with `workspace/executeCommand`. Each takes nothing or one JSON object, all "
    "keys are optional, and answers at once with `state`, `message` and, for a run, `runId`. `uri` is "
    "a document, `range` a range of it. What goes wrong for a reason that you can mend is a reply "
    "with the state `error`."
)


def settings_page() -> str:
    """Returns the page of all settings, in the order of the settings page of VS Code."""
    lines = [
        "# Settings",
        "",
        WRITTEN,
        "",
        ABOUT_SETTINGS,
        "",
        "The last column says what a project's file may do: *set* it, only *lower* it, or nothing (empty).",
    ]
    for section in ORDER:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(name: str) -> Iterator[str]:
    kind = sections.Settings.model_fields[name].annotation
    assert kind is not None
    schema = sections.Settings.model_json_schema()["$defs"][kind.__name__]["properties"]
    yield f"## {TITLES[name]}"
    yield ""
    yield f"`[{name}]` in a file."
    yield ""
    yield "| setting | value | default | | project |"
    yield "|---|---|---|---|---|"
    for key, field in schema.items():
        text = description_of(kind.__name__, key)
        meanings = CHOICES.get(name, {}).get(key, {})
        named = all(f"`{word}`" in text for word in meanings if word)
        meant = "" if named else " ".join(f"`{w}`: {meanings[w]}" for w in meanings if w)
        yield _row(
            f"`{key}`", _value(field), _default(field), f"{text} {meant}", _project(name, key)
        )


def _project(section: str, key: str) -> str:
    if key in project.SETS.get(section, ()):
        return "set"
    return "lower" if key in project.LOWERS.get(section, ()) else ""


def _value(field: Mapping[str, Any]) -> str:
    options = field.get("anyOf", [field])
    shown = [_one_value(option) for option in options if option.get("type") != "null"]
    return " or ".join(shown)


def _one_value(option: Mapping[str, Any]) -> str:
    if "enum" in option:
        return ", ".join(f"`{word}`" for word in option["enum"])
    words = {"string": "text", "array": "list", "object": "table", "boolean": "yes or no"}
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    kind = option.get("type", "text")
    limits = [f"{sign} {option[name]:,}" for name, sign in signs.items() if name in option]
    return ", ".join([words.get(kind, kind), *limits])


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    if default in (None, "", [], {}):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, int | float):
        return f"{default:,.10g}"
    return f"`{', '.join(default) if isinstance(default, list) else default}`"


def commands_page() -> str:
    """Returns the page of the server's commands, with the keys that each takes."""
    lines = [
        "# Commands of the server",
        "",
        WRITTEN,
        "",
        ABOUT_COMMANDS,
        "",
        "| command | keys | does |",
        "|---|---|---|",
    ]
    for name, shape in _server_commands():
        keys = ", ".join(_key(field) for field in shape.model_fields.values())
        lines.append(_row(f"`{name}`", keys, DOES[name]))
    return "\n".join(lines) + "\n"


def _server_commands() -> Iterator[tuple[CommandName, type[CommandParams]]]:
    """Yields each command with the shape that it takes, in the order of `protocol.py`."""
    shapes = dict(_declared())
    for name in CommandName:
        yield name, shapes[name]


def _declared() -> Iterator[tuple[CommandName, type[CommandParams]]]:
    # They are declared where an editor is at hand; here there is none.
    for file in sorted(Path(commands.__file__).parent.glob("*.py")):
        module = import_module(f"{commands.__name__}.{file.stem}")
        for call in re.findall(
            r"ServerCommand\(\s*CommandName\.(\w+),\s*(\w+),", file.read_text("utf-8")
        ):
            yield CommandName[call[0]], getattr(module, call[1])


def _key(field: Any) -> str:
    words = _choices(field.annotation)
    return f"`{field.alias}`" + (f" ({', '.join(f'`{word}`' for word in words)})" if words else "")


def _choices(annotation: Any) -> tuple[str, ...]:
    """Returns the words of a closed set, of a type or of those that it is one of."""
    origin = get_origin(annotation)
    if origin is Literal:
        return tuple(str(word) for word in get_args(annotation))
    if origin in (Annotated, Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return next((words for kind in kinds if (words := _choices(kind))), ())
    return ()


def command_line_page() -> str:
    """Returns the page of `holdfast` on a terminal, with all flags."""
    lines = [
        "# The command line",
        "",
        WRITTEN,
        "",
        "What `holdfast COMMAND --help` says, on one page. How one works with it: [terminal.md](terminal.md).",
    ]
    for name, command in _group(typer.main.get_command(app)).items():
        if not command.hidden:
            lines += ["", *_command(f"holdfast {name}", command)]
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## {name}"
    for paragraph in (command.help or "").split("\n\n"):
        yield ""
        yield _text(paragraph)
    subcommands = _group(command)
    if subcommands:
        yield ""
        for each, below in subcommands.items():
            yield f"- `{name} {each}`: {_text(below.help or '')}"
        return
    yield ""
    yield "| | |"
    yield "|---|---|"
    for parameter in command.params:
        yield _row(_usage(parameter), getattr(parameter, "help", "") or "")


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name or '').upper()}`"
    value = "" if getattr(parameter, "is_flag", False) else f" {_placeholder(parameter)}"
    flags = [*parameter.opts, *parameter.secondary_opts]
    return ", ".join(f"`{flag}{value}`" for flag in flags)


def _placeholder(parameter: Any) -> str:
    return parameter.metavar or (parameter.name or "").upper().replace("_", "-")


def _group(command: Any) -> Mapping[str, Any]:
    return dict(getattr(command, "commands", {}))


def _text(words: str) -> str:
    """Returns a sentence in which nothing is HTML."""
    return " ".join(words.split()).replace("<", "&lt;")


def _row(*cells: str) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", r"\|")


def security_page() -> str:
    """Returns the policy of `SECURITY.md`, where repositories have theirs, with links of this folder."""
    policy = (DOCS.parent / "SECURITY.md").read_text("utf-8").replace("docs/", "")
    return policy.replace("\n", f"\n\n{WRITTEN}\n", 1)


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "commands.md": commands_page,
    "command-line.md": command_line_page,
    "security.md": security_page,
}


def main() -> int:
    stale = [name for name, page in PAGES.items() if _on_disk(name) != page()]
    if "--check" in sys.argv[1:]:
        return int(bool(stale))
    for name in stale:
        (DOCS / name).write_text(PAGES[name](), "utf-8")
    return 0


def _on_disk(name: str) -> str:
    path = DOCS / name
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
