"""How many tests run and where, and what each gets: folders of its own, no way to a real model."""

from __future__ import annotations

import compileall
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from tests import sampling

WORKERS_PER_CORE = 1.5
"""A third of the time a test waits; more make windows of editors too slow for each other."""
WORKERS_MAX = 8
"""More would each import what a test needs, for few tests."""

PACKAGE = Path(__file__).parents[1] / "lsp_server"
NOWHERE = "http://127.0.0.1:9/v1"
"""The discard port: a test that forgets to bring its model server fails at once."""

OF_SOURCE = "tests/house/"
SECOND_TRY = "second try"
REAL_EDITOR = ("vscode", "editor", "shows")

SECOND_TRY_CHARS = 2_000
"""Of how the first one failed: its end, where the assertion and what it saw are."""
SECOND_TRIES_MAX = 4
"""In a process; a change that breaks many tests is to be told of each at once."""

_second_tries: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough",
        action="store_true",
        help="run slow tests, too, and draw every example, as continuous integration does",
    )
    parser.addoption(
        "--endpoint",
        metavar="URL",
        help="try this endpoint with `-m endpoint`, in the place of llama.cpp; its key is in HOLDFAST_API_KEY",
    )
    parser.addoption(
        "--endpoint-model",
        metavar="NAME",
        help="the model to ask there; the first that it lists if left out",
    )


def pytest_configure(config: pytest.Config) -> None:
    sampling.draw(sampling.WHOLE if config.getoption("thorough") else sampling.SAMPLE)


def pytest_sessionstart() -> None:
    """Compiles what hundreds of processes of the tests will import, and may not write."""
    compileall.compile_dir(PACKAGE, quiet=2, rx=re.compile("/sample/"))


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Skips slow tests, unless all are wanted or a test is called by its name."""
    asks_for_them = config.getoption("thorough") or config.getoption("markexpr") == "endpoint"
    if asks_for_them or any("::" in argument for argument in config.args):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow; pytest --thorough runs it"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Gives a test a second try that meets real programs, which the summary names.

    On a busy machine a window now and then takes longer than any wait for it, and one such test
    of many thousands is to cost no whole round of continuous integration.
    """
    if not _may_be_tried_again(item):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if any(report.failed for report in reports) and len(_second_tries) < SECOND_TRIES_MAX:
        _second_tries.append(item.nodeid)
        first = next(report for report in reports if report.failed)
        item.user_properties.append((SECOND_TRY, first.longreprtext[-SECOND_TRY_CHARS:]))
        item._initrequest()  # type: ignore[attr-defined]  # As for a test that has not run.
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _may_be_tried_again(item: pytest.Item) -> bool:
    """Whether it drives an editor, or all is run, where only what reads the source has one try."""
    if any(item.get_closest_marker(name) for name in REAL_EDITOR):
        return True
    return item.config.getoption("thorough") is True and not item.nodeid.startswith(OF_SOURCE)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Somewhat more processes than cores; none of its own for a single file, so that one can look on."""
    folders = any(Path(argument).is_dir() for argument in config.args)
    return min(round(WORKERS_PER_CORE * (os.cpu_count() or 1)), WORKERS_MAX) if folders else 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Counts what shows behaviour apart from what reads the source, and names second tries."""
    ends = ("passed", "failed", "skipped", "error")
    every = (report for end in ends for report in terminalreporter.stats.get(end, ()))
    # A module that is skipped whole has a report of another kind.
    reports = [report for report in every if isinstance(report, pytest.TestReport)]
    of_source = sum(report.nodeid.startswith(OF_SOURCE) for report in reports)
    if 0 < of_source < len(reports):
        behaviour = len(reports) - of_source
        terminalreporter.write_line(f"{behaviour} cases of behaviour, {of_source} of tests/house")
    again = {
        (one.nodeid, why)
        for one in reports
        for name, why in one.user_properties
        if name == SECOND_TRY
    }
    for nodeid, why in sorted(again):
        terminalreporter.write_line(f"a second try: {nodeid}\n{why}")


@pytest.fixture(autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of one's own, for this process and all that it starts."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("HOLDFAST_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, folder in {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_STATE_HOME": home / "state",
    }.items():
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("HOLDFAST_MODEL__BASE_URL", NOWHERE)
    # LanceDB takes a second to load; a test that is about memory turns it on.
    monkeypatch.setenv("HOLDFAST_MEMORY__ENABLED", "false")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project folder, canonical."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder.resolve()
