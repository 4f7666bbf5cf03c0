"""Each trick in a process of its own, which it changes."""

from __future__ import annotations

import subprocess
import sys

import pytest

TRICKS = "import gc, os, sys\nimport lsp_server.system.startup as startup\n"


HTTPX = """
startup.leave_out_command_line_of_httpx()
import httpx
print(httpx.AsyncClient.__name__, *(n for n in ("rich", "click") if n in sys.modules))
"""
DATACLASSES = """
startup.compile_dataclass_methods_when_called()
from dataclasses import dataclass
@dataclass(frozen=True, slots=True)
class Place:
    line: int
    name: str = "here"
    def __eq__(self, other):
        return NotImplemented
@dataclass(frozen=True, slots=True, order=True)
class Range:
    start: Place
    end: int = 0
one = Range(Place(1))
try:
    one.end = 2
except AttributeError as error:
    refused = type(error).__name__
print(one, one == Range(one.start), one == Range(Place(1)), len({one, Range(one.start)}), refused)
"""
GARBAGE = """
startup.relax_garbage_collection()
relaxed = gc.get_threshold()
startup.restore_garbage_collection()
print(relaxed[0] > 100 * 700, gc.get_threshold()[0], gc.get_freeze_count() > 1000)
"""
LOG = """
os.environ["LANCEDB_LOG"] = "debug"
startup.prepare_lancedb()
print(os.environ["LANCEDB_LOG"])
"""
REST_CLIENT = """
startup.leave_out_rest_client_of_lancedb()
import lance_namespace_urllib3_client as left_out
startup.bring_back_rest_client_of_lancedb()
import lance_namespace_urllib3_client as whole
print(hasattr(left_out, "ApiClient"), hasattr(whole, "ApiClient"))
"""
TELEMETRY = """
startup.disable_telemetry_of_onnxruntime()
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""
SESSION = """
import lsp_server.assemble.session
idle = ("lsp_server.cluster", "lsp_server.memory.base")
print([name for name in sys.modules if name.startswith(idle)])
"""
SEARCH = """
import lsp_server.cli.memory
runs = ("lsp_server.session.session", "lsp_server.models", "lsp_server.evolution", "httpx")
print([name for name in sys.modules if name.startswith(runs)])
"""
NOTHING = "print('onnxruntime' in sys.modules, 'lancedb' in sys.modules)"


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (HTTPX, "AsyncClient"),
        (
            DATACLASSES,
            "Range(start=Place(line=1, name='here'), end=0) True False 1 FrozenInstanceError",
        ),
        (GARBAGE, "True 700 True"),
        (LOG, "debug"),
        (REST_CLIENT, "False True"),
        (TELEMETRY, "1"),
        (NOTHING, "False False"),
        (SESSION, "[]"),
        (SEARCH, "[]"),
    ],
    ids=[
        "httpx",
        "dataclasses",
        "garbage",
        "a log of one's own",
        "rest client",
        "telemetry",
        "nothing by itself",
        "a session without a team",
        "a search without a run",
    ],
)
def test_a_trick_changes_what_it_says(program: str, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRICKS + program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == says
