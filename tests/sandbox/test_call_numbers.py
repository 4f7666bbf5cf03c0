"""The numbers of system calls are those of the kernel's headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lsp_server.sandbox.call_numbers import call_numbers

HEADERS = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    # aarch64 has the list that all newer architectures share.
    "aarch64": "/usr/include/asm-generic/unistd.h",
}
DEFINED = re.compile(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", re.MULTILINE)
OF_OLD_ARCHITECTURES = {
    "fork",
    "open",
    "creat",
    "chmod",
    "chown",
    "lchown",
    "mknod",
    "utime",
    "utimes",
}


@pytest.mark.parametrize("machine", HEADERS)
def test_the_table_is_as_the_headers_have_it(machine: str) -> None:
    header = Path(HEADERS[machine])
    if not header.exists():
        pytest.skip("the kernel's headers are not installed")
    defined = {name: int(number) for name, number in DEFINED.findall(header.read_text())}
    ours = call_numbers(machine)
    # Calls that are newer than the headers are in none.
    known = {name: number for name, number in ours.items() if name in defined}
    assert {name: defined[name] for name in known} == known
    assert set(ours) - set(known) <= {name for name in ours if ours[name] > max(defined.values())}


def test_only_calls_of_old_architectures_are_missing_on_newer_ones() -> None:
    missing = set(call_numbers("x86_64")) - set(call_numbers("aarch64"))
    assert missing <= {*OF_OLD_ARCHITECTURES, "futimesat"}
