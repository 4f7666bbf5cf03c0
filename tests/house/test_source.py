"""The habits of the house, read off its source."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "lsp_server"
PROJECTS = {PACKAGE / "cli" / "sample", PACKAGE / "evaluation" / "suite"}
"""What the agent works on, not code of ours."""
FILES = sorted(path for path in PACKAGE.rglob("*.py") if not PROJECTS & set(path.parents))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def for_each_file(check: Callable[[Path], None]) -> Callable[[], None]:
    """Makes one test of a check of one file: a test for each would be thousands."""

    @functools.wraps(check)
    def test() -> None:
        broken = []
        for path in FILES:
            try:
                check(path)
            except AssertionError as error:
                broken.append(f"{name(path)}: {error}")
        assert not broken, "\n".join(broken)

    del test.__dict__["__wrapped__"]  # It would tell pytest of a parameter.
    return test


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(module: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            yield node


@for_each_file
def test_a_file_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path)), "a module needs a docstring"
    assert path.stem not in FORBIDDEN_NAMES, "the idea of this file is not found yet"


@for_each_file
def test_no_module_keeps_state(path: Path) -> None:
    module = tree(path)
    assert not [node for node in ast.walk(module) if isinstance(node, ast.Global)]
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(
            node.value, ast.List | ast.Set | ast.ListComp | ast.SetComp
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            assert names == ["__all__"], f"{names} could be changed by anybody: use a tuple"


WRITES_OUTPUT = (
    "models/scripted/server.py",
    "sandbox/probe_script.py",
    "system/leaving.py",
    "system/message_stream.py",
)
"""Programs of their own, that another process of ours reads; what takes it for a protocol, and the end."""


@for_each_file
def test_only_the_rim_writes_to_standard_output(path: Path) -> None:
    if name(path).startswith(("cli/", "server/")) or name(path) in WRITES_OUTPUT:
        return
    module = tree(path)
    called = {node.func.id for node in calls(module) if isinstance(node.func, ast.Name)}
    read = {node.attr for node in ast.walk(module) if isinstance(node, ast.Attribute)}
    assert "print" not in called
    imports = [node for node in ast.walk(module) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.name for node in imports for alias in node.names}
    assert "stdout" not in imported
    assert "stdout" not in read or "sys" not in imported


@for_each_file
def test_encodings_of_positions_stay_at_the_border(path: Path) -> None:
    if name(path).startswith("server/") or name(path) == "workspace/files/encoding.py":
        return  # The latter knows how files are encoded, not positions.
    assert "utf-16-le" not in path.read_text("utf-8")


@for_each_file
def test_the_domain_does_no_input_or_output(path: Path) -> None:
    if not name(path).startswith("domain/"):
        return
    called = {ast.unparse(node.func) for node in calls(tree(path))}
    assert not {"open", "print", "input"} & called
    methods = {each.rpartition(".")[2] for each in called}
    assert not {"read_text", "read_bytes", "write_text", "write_bytes", "stat", "now"} & methods


@for_each_file
def test_only_the_editors_and_their_disk_write_files_of_the_workspace(path: Path) -> None:
    if not name(path).startswith(("agent/", "tools/", "goals/")) or name(path) in (
        "tools/search.py",
        "tools/scan.py",
    ):
        return  # One copies unsaved buffers to where a program can search them: the other.
    module = tree(path)
    called = {ast.unparse(node.func).rpartition(".")[2] for node in calls(module)}
    assert not {"write_text", "write_bytes", "unlink", "rename", "replace_file"} & called
    opened = [node for node in calls(module) if ast.unparse(node.func).endswith("open")]
    modes = {
        value.value for node in opened for value in node.args if isinstance(value, ast.Constant)
    }
    assert not {mode for mode in modes if isinstance(mode, str) and set(mode) & set("wax+")}


STARTS_PROCESSES = {
    "sandbox/launch.py": "all that a sandbox confines, or nothing does",
    "sandbox/process_tree.py": "the watch, a script of ours that ends what others left",
    "sandbox/probe.py": "a neighbour that what is confined must not reach",
    "sandbox/host_access_script.py": "the command that it becomes, inside of its sandbox",
    "sandbox/probe_script.py": "something that is left behind inside a sandbox, to be found",
    "workspace/git/secret_history.py": "git, which only reads, in the thread that decides",
    "server/background/front.py": "the server in the background, which is Holdfast itself",
    "cli/task_text.py": "the person's own editor, in which they write a task",
    "models/api_key.py": "the command of the person's settings that prints the key",
}
"""All else asks `assemble/sandboxes.py` for a runner or for a process."""
CONFINES_NOTHING = {
    "assemble/session.py": ("HostCommandRunner",),
    "assemble/session_memory.py": ("HostCommandRunner",),
    "assemble/evaluation.py": ("HostCommandRunner",),
    "assemble/cluster_worker.py": ("HostCommandRunner",),
    "sandbox/choice.py": ("Unconfined",),
    "sandbox/unconfined.py": ("Unconfined",),
}
"""Who makes what runs without a sandbox: `Sandboxes` gets it, to choose."""
STARTS = re.compile(
    r"subprocess|Popen|posix_spawn|ProcessPool|multiprocessing|"
    r"\bos\.(?:fork|forkpty|system|popen|exec[lv]|spawn|startfile)|\bpty\.|webbrowser"
)


@for_each_file
def test_processes_are_started_in_few_places(path: Path) -> None:
    """A new process cannot forget the sandbox: it has to be written down here, or to ask for one."""
    called = {ast.unparse(node.func) for node in calls(tree(path))}
    starts = {each for each in called if STARTS.search(each)}
    assert bool(starts) == (name(path) in STARTS_PROCESSES), starts


@for_each_file
def test_what_confines_nothing_is_made_in_few_places(path: Path) -> None:
    called = {ast.unparse(node.func) for node in calls(tree(path))}
    made = called & {"HostCommandRunner", "Unconfined", "start_unconfined"}
    assert made == set(CONFINES_NOTHING.get(name(path), ()))


@for_each_file
def test_the_source_speaks_of_itself_alone(path: Path) -> None:
    text = path.read_text("utf-8")
    for mark in ("# TODO", "# FIXME", "XXX", "HACK", "/work/", "/root/", "/home/"):
        assert mark not in text


@for_each_file
def test_the_event_loop_is_left_to_itself(path: Path) -> None:
    """No sleeping thread, no thread pool of the protocol library, no second loop inside."""
    text = path.read_text("utf-8")
    assert "time.sleep(" not in text
    assert ".thread()" not in text
    at_the_rim = name(path).startswith(("cli/", "server/", "acp/"))
    if not at_the_rim and name(path) != "models/scripted/server.py":
        called = {ast.unparse(node.func) for node in calls(tree(path))}
        assert "asyncio.run" not in called


def test_the_loop_has_no_branch_for_max_mode() -> None:
    for path in (PACKAGE / "agent").rglob("*.py"):
        text = path.read_text("utf-8")
        # What was sampled is remembered in the state of a run; the loop does not look at it.
        assert "max_mode" not in text or path.parent.name == "state"
        assert "lsp_server.max_mode" not in text
        assert "lsp_server.memory" not in text
