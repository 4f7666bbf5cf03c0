"""This script runs inside a sandbox and tries what the sandbox should refuse.

It gets its targets as `name=value` and prints for each attempt a line with its name, a
tab, and the error or what it got. Whether something had an effect, `probe.py` sees from
outside. It is run by itself, so it imports nothing of ours, and little else: most of
its time goes into imports.
"""
# ruff: noqa: PTH101, PTH123

import os
import signal
import socket
import sys
from collections.abc import Callable

Targets = dict[str, str]


def try_all(targets: Targets) -> dict[str, str]:
    """Makes all attempts and returns for each the error, or what it got."""
    attempts: dict[str, Callable[[Targets], object]] = {
        "inside": lambda t: _write(t["inside"], "inside"),
        "outside": lambda t: _write(t["outside"], "changed"),
        "protected": lambda t: _write(t["protected"], "changed"),
        "mode": lambda t: os.chmod(t["moded"], 0o600),
        "hidden": lambda t: _read(t["hidden"]),
        "tcp": lambda t: socket.create_connection(("127.0.0.1", int(t["tcp"])), timeout=1),
        "udp": lambda t: _send(int(t["udp"])),
        "abstract": lambda t: _connect("\0" + t["abstract"]),
        "socket": lambda t: _connect(t["socket"]),
        "other": lambda t: _read(f"/proc/{t['other']}/environ"),
        "signal": lambda t: os.kill(int(t["other"]), signal.SIGTERM),
        "leftover": lambda _: _leave_behind(),
    }
    return {name: _result(attempt, targets) for name, attempt in attempts.items()}


def _result(attempt: Callable[[Targets], object], targets: Targets) -> str:
    try:
        got = attempt(targets)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the probe asks for
        return f"{type(error).__name__}: {error}"
    return "done" if got is None else str(got)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _read(path: str) -> str:
    with open(path, errors="replace") as file:
        return file.read()


def _send(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"out", ("127.0.0.1", port))


def _connect(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)


def _leave_behind() -> None:
    """Starts something in a session of its own, with nothing in its environment."""
    os.posix_spawn("/bin/sleep", ("sleep", "60"), {}, setsid=True)


if __name__ == "__main__":
    found = try_all(dict(argument.split("=", 1) for argument in sys.argv[1:]))
    for name, text in found.items():
        os.write(1, f"{name}\t{' '.join(text.split())}\n".encode())
