"""This script runs inside a sandbox and tries what the sandbox should refuse.

It gets its targets as a JSON object and prints what it read and which errors it met
as another; whether something had an effect, `probe.py` sees from outside. It is run as
a file by itself, so it imports nothing of ours.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Targets = dict[str, Any]


def try_all(targets: Targets) -> dict[str, str]:
    """Makes all attempts and returns for each the error, or what it got."""
    attempts: dict[str, Callable[[Targets], object]] = {
        "inside": lambda t: Path(t["inside"]).write_text("inside", "utf-8"),
        "outside": lambda t: Path(t["outside"]).write_text("changed", "utf-8"),
        "protected": lambda t: Path(t["protected"]).write_text("changed", "utf-8"),
        "mode": lambda t: Path(t["moded"]).chmod(0o600),
        "hidden": lambda t: Path(t["hidden"]).read_text("utf-8"),
        "tcp": lambda t: socket.create_connection(("127.0.0.1", t["tcp"]), timeout=1),
        "udp": _send,
        "abstract": lambda t: _connect("\0" + t["abstract"]),
        "socket": lambda t: _connect(t["socket"]),
        "other": lambda t: Path(f"/proc/{t['other']}/environ").read_text("utf-8", "replace"),
        "signal": lambda t: os.kill(t["other"], signal.SIGTERM),
        "leftover": _leave_behind,
    }
    return {name: _result(attempt, targets) for name, attempt in attempts.items()}


def _result(attempt: Callable[[Targets], object], targets: Targets) -> str:
    try:
        return str(attempt(targets))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the probe asks for
        return f"{type(error).__name__}: {error}"


def _send(targets: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"out", ("127.0.0.1", targets["udp"]))


def _connect(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)


def _leave_behind(_: Targets) -> None:
    """Starts something in a session of its own, with nothing in its environment."""
    os.posix_spawn("/bin/sleep", ("sleep", "60"), {}, setsid=True)


if __name__ == "__main__":
    os.write(1, json.dumps(try_all(json.loads(sys.argv[1]))).encode())
