"""What a process that idles gives back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = r"""
import re, ssl, pydantic
from pathlib import Path
from lsp_server.system.idle_memory import give_back_memory

def held():
    return int(re.search("VmRSS:\s*(\d+)", Path("/proc/self/status").read_text())[1])

pieces = [bytearray(60_000) for _ in range(500)]
kept = pieces[::100]
del pieces
before = held()
give_back_memory()
after = held()
for _ in range(20):
    give_back_memory()
# All of it is as it was, and comes again when it is used.
class Model(pydantic.BaseModel):
    x: int
assert Model.model_validate_json('{"x": 1}').x == 1
assert ssl.create_default_context().check_hostname
assert sum(map(len, kept)) == 300_000
print(before, after)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no such way")
def test_pages_go_back_and_what_they_held_is_there_when_it_is_used() -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    before, after = map(int, done.stdout.split())
    assert after < 0.8 * before, "a fifth at least, of libraries alone"
