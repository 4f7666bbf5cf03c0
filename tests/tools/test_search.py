from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from lsp_server.domain.errors import ToolError
from lsp_server.tools.search import Search
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.files import lay_out
from tests.harness.git import git
from tests.harness.tools import Bench

PROGRAMS = [
    pytest.param("rg", marks=pytest.mark.skipif(not shutil.which("rg"), reason="needs ripgrep")),
    pytest.param("no-such-program", id="without ripgrep"),
]


@pytest.fixture(params=PROGRAMS)
def bench(request: pytest.FixtureRequest, project: Path) -> Bench:
    lay_out(
        project,
        {
            ".gitignore": "*.log\n",
            ".holdfastignore": "vendor/\n",
            ".hidden/x": "needle hidden\n",
            "a.py": "def needle():\n    return 'Needle'\n",
            "sub/b.py": "needle\r\n(a+b)*\r\n",
            "sub/c.txt": b"caf\xe9 needle\n",
            "x.log": "needle\n",
            "vendor/v.py": "needle\n",
            ".git/config": "needle\n",
            "binary": b"\0needle\n",
            "secret.env": "needle\n",
            "wide": "x" * 1000 + "broad\n",
        },
    )
    return Bench(project, deny=("read(*.env)",), ripgrep=request.param)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"query": "needle"},
            (
                ".hidden/x:1: needle hidden\na.py:1: def needle():\na.py:2: return 'Needle'\n"
                "sub/b.py:1: needle\nsub/c.txt:1: caf\u00e9 needle"
            ),
        ),
        ({"query": "Needle"}, "a.py:2: return 'Needle'"),
        ({"query": "(a+b)*"}, "sub/b.py:2: (a+b)*"),
        ({"query": r"def \w+\(", "mode": "regex"}, "a.py:1: def needle():"),
        ({"query": "needle", "path": "sub/b.py"}, "sub/b.py:1: needle"),
        ({"query": "needle", "path": "vendor"}, "vendor/v.py:1: needle"),
        ({"query": "needle", "path": "x.log"}, "x.log:1: needle"),
        ({"query": "needle", "path": "secret.env"}, "refused: the rule `read(*.env)` forbids it; find another way"),
        ({"query": "-e x; $(rm y) 'q'"}, "no match"),
        ({"query": "broad"}, "wide:1: …" + "x" * 245 + "broad"),
        ({"query": "needle", "path": "sub", "limit": 1},
         "sub/b.py:1: needle\n[the first 1 match; narrow the query or the path, or raise limit]"),
    ],
)  # fmt: skip
async def test_hits(bench: Bench, arguments: dict[str, object], text: str) -> None:
    assert (await bench.call("search", **arguments)).text == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"query": "needle(", "mode": "regex"}, "the query cannot be searched for"),
        ({"query": "needle(", "mode": "regex"}, "needle("),
        ({"query": "{needle(", "mode": "regex"}, "{needle("),
        ({"query": "x", "path": "missing"}, "missing does not exist"),
        ({"query": "x", "mode": "semantic"}, "not available here; use mode text or regex"),
        ({"query": ""}, "query: string should have at least 1 character"),
        ({"query": "x", "mode": "fuzzy"}, "mode: "),
    ],
)
async def test_errors(bench: Bench, arguments: dict[str, object], message: str) -> None:
    result = await bench.call("search", **arguments)
    assert result.is_error
    assert message in result.text


async def test_open_buffers_are_searched_in_place_of_their_files(bench: Bench) -> None:
    root = bench.workspace.root
    bench.documents.open(root / "a.py", "unsaved needle\n")
    bench.documents.open(root / "new.py", "x\nneedle too\n")
    bench.documents.open(root / "x.log", "needle ignored\n")
    bench.documents.open(root / "sub/b.py", "needle\r\n(a+b)*\r\n")
    text = (await bench.call("search", query="needle")).text
    assert text.splitlines()[1:4] == [
        "a.py:1: unsaved needle",
        "new.py:2: needle too",
        "sub/b.py:1: needle",
    ]
    assert (await bench.call("search", query="too", path="new.py")).text == "new.py:2: needle too"


@pytest.mark.parametrize(
    ("files", "arguments", "text"),
    [
        ({"a.js": "x\u2028needle\n"}, {"query": "needle"}, "a.js:1: x\u2028needle"),
        ({"a.js": "x\x85needle\u2029"}, {"query": "needle"}, "a.js:1: x\x85needle"),
        ({"a": "\x0b\x0cneedle \x1c\x1d\x1e"}, {"query": "needle"}, "a:1: needle"),
        ({"a": "🙂\u0301\u200d needle\ufeff\n"}, {"query": "needle"}, "a:1: 🙂\u0301\u200d needle\ufeff"),
        ({"é\u0301": "needle"}, {"query": "needle"}, "é\u0301:1: needle"),
        ({"a": "needle".encode("utf-16")}, {"query": "needle"}, "a:1: needle"),
        ({"a": "\ufeffneedle"}, {"query": "needle"}, "a:1: needle"),
        ({"a": "one\rneedle\rtwo\r"}, {"query": "needle"}, "a:2: needle"),
        ({"a": "one\r\nneedle\r\ntwo"}, {"query": "needle"}, "a:2: needle"),
        ({"a": "a\nb\nc\nd"}, {"query": "b\nc"}, "a:2: b"),
        ({"a": "a\r\nb\r\nc\r\nd"}, {"query": "b\nc"}, "a:2: b"),
        ({"a": "x(\n)*+?[\nx"}, {"query": "(\n)*+?["}, "a:1: x("),
        ({"a": "a-b&~#^$\\\n{|}. c\n"}, {"query": "A-b&~#^$\\\n{|}. "}, "no match"),
        ({"a": "a-b&~#^$\\\n{|}. c\n"}, {"query": "a-b&~#^$\\\n{|}. "}, "a:1: a-b&~#^$\\"),
        ({"a": "one\ntwo\n"}, {"query": r"E\nT", "mode": "regex"}, "no match"),
        ({"a": "one\ntwo\n"}, {"query": r"e\nt", "mode": "regex"}, "a:1: one"),
        ({"a": "needle\n"}, {"query": r"C:\new"}, "no match"),
        ({"a": r"C:\new"}, {"query": r"C:\new"}, r"a:1: C:\new"),
        ({"a": "x" * 9_000_000 + "needle" + "y" * 300}, {"query": "needle"}, "a:1: …" + "x" * 80 + "needle" + "y" * 164 + "…"),
        ({"a": "x" * 11_000_000 + "needle"}, {"query": "needle"}, None),
        ({"a": "needle " * 100_000}, {"query": "needle"}, "a:1: " + ("needle " * 100)[:250] + "…"),
        ({"a": "漢" * 400 + "needle"}, {"query": "needle"}, "a:1: …" + "漢" * 244 + "needle"),
        ({"a\nb": "needle", "c": "needle"}, {"query": "needle"}, "c:1: needle"),
        ({"a\nb/c": "needle", "c": "needle"}, {"query": "needle"}, "c:1: needle"),
    ],
    ids=lambda value: ascii(value)[:40],
)  # fmt: skip
@pytest.mark.parametrize("ripgrep", PROGRAMS)
async def test_any_text_is_found(
    project: Path,
    ripgrep: str,
    files: dict[str, str],
    arguments: dict[str, object],
    text: str | None,
) -> None:
    lay_out(project, files)
    found = (await Bench(project, ripgrep=ripgrep).call("search", **arguments)).text
    if text is not None:
        # Of a match over several lines ripgrep reports each.
        assert found.split("\n")[0] == text
    elif ripgrep == "rg":  # Too large to be read, so that its beginning is shown.
        assert found.startswith("a:1: …xxx")


async def test_a_name_cannot_pass_for_a_match_in_another_file(project: Path) -> None:
    outside = project.parent / "outside"
    outside.write_text("secret\n")
    lay_out(project, {f"x\n{outside}": "needle"})
    for ripgrep in ("rg", "no-such-program"):
        assert (
            "secret" not in (await Bench(project, ripgrep=ripgrep).call("search", query="e")).text
        )


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\x0cb", "a\x1cb", "a\u2028b", "a\u2029b"])
async def test_what_is_not_searched_for_its_name_is_said(project: Path, name: str) -> None:
    lay_out(project, {f"sub/{name}": "needle", "sub/plain": "needle"})
    for ripgrep in ("rg", "no-such-program"):
        bench = Bench(project, ripgrep=ripgrep)
        note = f"[sub/{name!a} was left out: its name cannot be written on one line of text]"
        assert (await bench.call("search", query="x")).text == f"no match\n{note}"
        assert (await bench.call("search", query="needle")).text.endswith(f"needle\n{note}")
        none = "no file matches"
        assert (await bench.call("list", pattern="*.py")).text == f"{none}\n{note}"


async def test_of_many_that_are_left_out_some_are_named(project: Path) -> None:
    lay_out(project, {f"{n}\nb": "" for n in range(25)})
    text = (await Bench(project).call("search", query="x")).text
    assert text.count("was left out") == 20
    assert text.endswith("[5 more were left out]")


async def test_a_name_that_is_not_utf_8_is_said_to_be_out_of_reach(project: Path) -> None:
    (project / os.fsdecode(b"n\xff")).write_text("needle\n")
    found = (await Bench(project, ripgrep="rg").call("search", query="needle")).text
    assert found.startswith("n\ufffd:1: needle\n[a path with \ufffd is not UTF-8")


async def test_an_expression_that_explodes_is_given_up(project: Path) -> None:
    lay_out(project, {"evil": "a" * 40 + "!\n"})
    workspace = Workspace(project)
    search = Search(
        workspace,
        Ignore(workspace),
        Documents(),
        commands=HostCommandRunner(),
        ripgrep="no-such-program",
        deadline_seconds=0.5,
    )
    started = time.monotonic()
    with pytest.raises(ToolError, match="took too long"):
        await search.call({"query": "(a+)+$", "mode": "regex", "path": "evil"})
    assert time.monotonic() - started < 5


async def test_meaning_is_plugged_in(project: Path) -> None:
    async def by_meaning(query: str, within: Path | None, limit: int) -> str:
        return f"{query} {within} {limit}"

    workspace = Workspace(project)
    search = Search(
        workspace,
        Ignore(workspace),
        Documents(),
        commands=HostCommandRunner(),
        by_meaning=by_meaning,
    )
    result = await search.call({"query": "retry", "mode": "semantic", "limit": 3})
    assert result.text == "retry None 3"


@pytest.mark.parametrize("ripgrep", PROGRAMS)
async def test_what_counts_is_searched_and_nothing_else(project: Path, ripgrep: str) -> None:
    lay_out(project, {"dist/tracked.js": "needle", "config.py": "needle", "sub/private": "needle"})
    git(project, "init", "-q")
    git(project, "add", ".")
    lay_out(project, {".gitignore": "dist/\nconfig.py\n", "dist/made.js": "needle"})
    lay_out(project, {"venv/.gitignore": "*", "sub/.holdfastignore": "private", "z": "needle"})
    lay_out(project, {f"venv/{number:03}": "needle\n" * 20 for number in range(50)})
    bench = Bench(project, ripgrep=ripgrep)
    found = (await bench.call("search", query="needle")).text
    assert found.splitlines() == ["config.py:1: needle", "dist/tracked.js:1: needle", "z:1: needle"]
    assert "50 matches" in (await bench.call("search", query="needle", path="venv")).text
    assert (await bench.call("list")).text.splitlines() == [
        ".gitignore",
        "config.py",
        "dist/tracked.js",
        "sub/.holdfastignore",
        "z",
    ]
