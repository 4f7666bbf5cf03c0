"""This script writes the settings of the VS Code extension from those of the server.

    python -m scripts.client_settings [--check]

Names, types, defaults and limits are the schema's, descriptions the docstrings of the
fields. A setting that a project may not set freely gets the scope `machine`, which the
settings of a workspace cannot set. With `--check` nothing is written: exit status 1 says that the
manifest is stale.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lsp_server.settings import project, sections
from scripts.settings_words import CHOICES, ORDER, title_of

CLIENT = Path(__file__).parents[1] / "editor-client"
MANIFEST = CLIENT / "package.json"
WORDS = CLIENT / "package.nls.json"

TITLES = {
    "model": "Model",
    "judge": "Judge",
    "cheap": "Cheap model",
    "max_mode": "Max Mode",
    "goal": "Goals",
    "context": "Context",
    "memory": "Memory",
    "permissions": "Permissions",
    "sandbox": "Sandbox",
    "fetch": "Web pages",
    "skills": "Skills",
    "evolution": "Evolution",
    "mcp": "MCP servers",
    "hooks": "Hooks",
    "run": "Run",
    "attempts": "Attempts",
    "checkpoints": "Checkpoints",
    "background": "Background server",
}

SERVER = {
    "title": "Server",
    "order": 0,
    "properties": {
        "holdfast.server.path": {
            "type": "string",
            "default": "",
            "scope": "machine",
            "markdownDescription": "%settings.server.path%",
        },
        "holdfast.server.background": {
            "type": "boolean",
            "default": False,
            "scope": "machine",
            "markdownDescription": "%settings.server.background%",
        },
    },
}
SERVER_PATH = (
    "The program to start, as in `/opt/holdfast/bin/holdfast`. Empty: the selected Python "
    "environment, then `PATH`."
)
SERVER_BACKGROUND = (
    "Keep runs going when VS Code closes; it attaches to them when it is open again."
)


def render(manifest: dict[str, Any], words: dict[str, str]) -> tuple[str, str]:
    """Returns the texts of both files with the settings as they are now."""
    groups: list[dict[str, Any]] = [SERVER]
    others = {key: text for key, text in words.items() if not key.startswith("settings.")}
    described = {
        "settings.server.path": SERVER_PATH,
        "settings.server.background": SERVER_BACKGROUND,
    }
    schema = sections.Settings.model_json_schema()
    for order, section in enumerate(ORDER, start=1):
        kind = sections.Settings.model_fields[section].annotation
        assert kind is not None
        properties: dict[str, Any] = {}
        fields = schema["$defs"][kind.__name__]["properties"].items()
        for place, (key, field) in enumerate(fields):
            name = f"settings.{section}.{key}"
            described[name] = f"**{title_of(key)}.** {description_of(kind.__name__, key)}"
            # A workspace's list of what is denied would replace the person's.
            free = key in project.SETS.get(section, ()) and key != "deny"
            scope = "resource" if free else "machine"
            shape = {**_shape(field), "order": place, "scope": scope}
            shape["markdownDescription"] = f"%{name}%"
            if "enum" in shape:
                meanings = CHOICES[section][key]
                described |= {f"{name}.{each or 'unset'}": meanings[each] for each in shape["enum"]}
                shape["enumDescriptions"] = [
                    f"%{name}.{each or 'unset'}%" for each in shape["enum"]
                ]
            properties[f"holdfast.{section}.{key}"] = shape
        groups.append({"title": TITLES[section], "order": order, "properties": properties})
    contributes = {**manifest["contributes"], "configuration": groups}
    return _text({**manifest, "contributes": contributes}), _text({**others, **described})


def _shape(field: dict[str, Any]) -> dict[str, Any]:
    """Converts one of the schema's fields into what the settings page of VS Code can edit.

    A text or a choice that is not set is empty there, a number null.
    """
    options = field.get("anyOf", [field])
    kinds = [option["type"] for option in options]
    is_text = kinds[0] in ("string", "object")
    shape: dict[str, Any] = {"type": kinds if len(kinds) > 1 and not is_text else kinds[0]}
    for option in options:
        shape |= {k: v for k, v in option.items() if k not in ("type", "title", "default")}
    if "null" in kinds and "enum" in shape:
        shape["enum"] = ["", *shape["enum"]]
    empty = {"string": "", "object": {}}.get(kinds[0])
    default = field.get("default", empty)
    shape["default"] = empty if default is None else default
    return shape


def description_of(kind: str, key: str) -> str:
    """Returns the docstring of a field, or its name in words; a role has those of the model."""
    documented = dict(_docstrings())
    text = documented.get((kind, key)) or documented.get(("ModelSettings", key))
    return " ".join(text.split()) if text else f"{key.replace('_', ' ').capitalize()}."


def _docstrings() -> Iterator[tuple[tuple[str, str], str]]:
    # A section with much to say of itself has a file of its own.
    files = sorted(Path(sections.__file__).parent.glob("*.py"))
    trees = (ast.parse(file.read_text("utf-8")) for file in files)
    for kind in (node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)):
        for field, text in zip(kind.body, kind.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                yield (kind.name, field.target.id), str(text.value.value)


def _text(value: dict[str, Any]) -> str:
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n"


def main() -> int:
    manifest, words = MANIFEST.read_text("utf-8"), WORDS.read_text("utf-8")
    fresh = render(json.loads(manifest), json.loads(words))
    if "--check" in sys.argv[1:]:
        return int(fresh != (manifest, words))
    MANIFEST.write_text(fresh[0], "utf-8")
    WORDS.write_text(fresh[1], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
