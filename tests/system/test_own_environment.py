"""What the system shows of our environment has no key of ours, and we have it all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

KEY = "vRq7mWx2pLd9-of-the-endpoint"
SHOWN = """
import os, subprocess
from lsp_server.system.own_environment import hide_keys
hide_keys()
print(os.environ["HOLDFAST_API_KEY"], os.environ["OTHER"])
print(subprocess.check_output("echo $HOLDFAST_API_KEY", shell=True, text=True).strip())
print(subprocess.check_output(["tr", "\\\\0", " "], stdin=open("/proc/self/environ"), text=True))
hide_keys()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows it")
def test_no_process_reads_a_key_of_ours_and_we_still_do() -> None:
    environment = {"HOLDFAST_API_KEY": KEY, "OTHER": "stays", "HOLDFAST_EMPTY": ""}
    done = subprocess.run(
        [sys.executable, "-c", SHOWN], env=environment, capture_output=True, text=True, check=True
    )
    kept, passed_on, shown = done.stdout.splitlines()[:3]
    assert (kept, passed_on) == (f"{KEY} stays", KEY)
    assert KEY not in shown
    assert "OTHER=stays" in shown
