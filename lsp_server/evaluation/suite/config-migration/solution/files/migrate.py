"""Migrates settings files from version 1 to version 2."""

from __future__ import annotations

import copy
import json
import os
import sys
import tempfile
from pathlib import Path

DEFAULT_PORT = 443


def migrate(settings: dict) -> dict:
    """The settings in version 2. Raises ValueError for another version than 1 and 2."""
    version = settings.get("version", 1)
    if version == 2 and version is not True:
        return copy.deepcopy(settings)
    if version != 1 or version is True:
        raise ValueError(f"version {version!r} cannot be migrated")
    new = {"version": 2}
    for key, value in settings.items():
        if key == "servers":
            new["servers"] = {one["name"]: _server(one) for one in value}
        elif key == "timeout":
            new["timeout_seconds"] = _seconds(value)
        elif key == "verbose":
            new.setdefault("log_level", settings.get("log_level", "debug" if value else "info"))
        elif key == "colour":
            new.setdefault("color", settings.get("color", value))
        elif key != "version":
            new[key] = copy.deepcopy(value)
    new.setdefault("log_level", "info")
    return new


def _server(server: dict) -> dict:
    address = server["address"]
    rest = {key: value for key, value in server.items() if key not in ("name", "address")}
    if address.startswith("["):
        host, _, port = address[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = address.partition(":")
    return {"host": host, "port": int(port) if port else DEFAULT_PORT, **copy.deepcopy(rest)}


def _seconds(milliseconds: str | float) -> float:
    seconds = float(milliseconds) / 1000
    return int(seconds) if seconds.is_integer() else seconds


def migrate_file(path: Path) -> None:
    """Migrates one file in place. Raises OSError, ValueError, KeyError, TypeError."""
    text = path.read_text("utf-8")
    settings = json.loads(text)
    if not isinstance(settings, dict):
        raise ValueError("it is no object")
    new = migrate(settings)
    if settings.get("version") == 2:
        return
    backup = path.with_name(path.name + ".bak")
    if not backup.exists():
        backup.write_text(text, "utf-8")
    written = json.dumps(new, indent=2, ensure_ascii=False) + "\n"
    descriptor, staged = tempfile.mkstemp(dir=path.parent)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(written)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(staged, path.stat().st_mode & 0o777)
    os.replace(staged, path)


def main(names: list[str]) -> int:
    status = 0
    for name in names:
        try:
            migrate_file(Path(name))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
