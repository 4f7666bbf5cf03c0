from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.edits import apply_edits
from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.domain.ports import EditTool
from lsp_server.domain.tools import ToolCall
from lsp_server.text.excerpt import split_lines
from lsp_server.tools.edit import _edit
from lsp_server.tools.text_match import match_text
from tests.harness.files import lay_out
from tests.harness.tools import Bench

BIG = "".join(f"line {n} of a file that is longer than one answer\n" for n in range(1, 1001))


@pytest.fixture
def bench(project: Path) -> Bench:
    lay_out(
        project,
        {
            "a.py": "one\ntwo\nthree\n",
            "crlf": "one\r\ntwo\r\n",
            "bom": b"\xef\xbb\xbfone\n",
            "latin": b"caf\xe9\n",
            "empty": "",
            "no newline": "one\ntwo",
            "🎉/ä.md": "party\n",
            "binary": b"\0\1\2",
            "big": BIG,
            "wide": "x" * 3000 + "\nshort\n",
            "locked": "one\n",
            "sub/b.py": "two\n",
        },
    )
    (project / "locked").chmod(0o444)
    with (project / "huge").open("wb") as huge:
        huge.truncate(50_000_000)
    os.mkfifo(project / "pipe")
    return Bench(project)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"path": "a.py"}, "1\tone\n2\ttwo\n3\tthree"),
        ({"path": "a.py", "start_line": 2, "end_line": 2}, "2\ttwo\n[lines 2-2 of 3]"),
        ({"path": "a.py", "start_line": 2, "end_line": 99}, "2\ttwo\n3\tthree\n[lines 2-3 of 3]"),
        ({"path": "crlf"}, "1\tone\n2\ttwo"),
        ({"path": "bom"}, "1\tone"),
        ({"path": "latin"}, "1\tcaf\u00e9"),
        ({"path": "empty"}, "(the file is empty)"),
        ({"path": "no newline"}, "1\tone\n2\ttwo"),
        ({"path": "🎉/ä.md"}, "1\tparty"),
        ({"path": "wide"}, "1\t" + "x" * 500 + "… [2,500 more characters]\n2\tshort"),
    ],
)
async def test_reading(bench: Bench, arguments: dict[str, object], text: str) -> None:
    assert (await bench.call("read", **arguments)).text == text


async def test_a_long_file_comes_in_parts_that_fit_and_join(bench: Bench) -> None:
    start, seen = 1, ""
    for _ in range(20):
        part = (await bench.call("read", path="big", start_line=start)).text
        assert len(part) <= 8000
        seen += re.sub(r"^\d+\t", "", re.sub(r"\n\[.*\]$", "", part), flags=re.MULTILINE) + "\n"
        following = re.search(r"go on with start_line=(\d+)\]$", part)
        if following is None:
            break
        start = int(following[1])
    assert seen == BIG


@pytest.mark.parametrize(
    ("tool", "path", "message"),
    [
        ("read", "missing", "missing does not exist; use `list`"),
        ("read", "sub", "sub is a directory; use `list`"),
        ("read", "binary", "binary is binary; use `shell`"),
        ("read", "huge", "huge is too large: 50 MB, the limit is 10 MB"),
        ("read", "pipe", "not a file with text"),
        ("read", "a.py/x", "does not exist"),
        ("read", "x\0y", "is not a path"),
        ("read", "", "is not a path"),
        ("write", "new/", "names a folder"),
        ("write", "sub/", "names a folder"),
        ("edit", "missing", "does not exist"),
        ("edit", "binary", "is binary"),
        ("edit", "huge", "is too large"),
        ("edit", "locked", "locked is read-only"),
        ("edit", "sub", "is a directory"),
        ("write", "sub", "is a directory"),
        ("write", "locked", "is read-only"),
        ("write", "binary", "is binary"),
        ("write", "a.py/x/y", "cannot be written"),
        ("write", "x" * 300, "File name too long"),
    ],
)
async def test_what_goes_wrong_is_said_with_the_fix(
    bench: Bench, tool: str, path: str, message: str
) -> None:
    rest = {"edit": {"old_text": "one", "new_text": "1"}, "write": {"text": "t"}}.get(tool, {})
    result = await bench.call(tool, path=path, **rest)
    assert result.is_error
    assert message in result.text
    assert not bench.events


async def test_lines_past_the_end_are_an_error(bench: Bench) -> None:
    assert "has 3 lines" in (await bench.call("read", path="a.py", start_line=4)).text
    assert "is before" in (await bench.call("read", path="a.py", start_line=3, end_line=2)).text


async def test_unsaved_text_is_read(bench: Bench) -> None:
    bench.documents.open(bench.workspace.root / "a.py", "unsaved")
    assert (await bench.call("read", path="a.py")).text == "1\tunsaved"


@pytest.mark.parametrize(
    ("path", "old", "new", "after"),
    [
        ("a.py", "two", "2", b"one\n2\nthree\n"),
        ("a.py", "one\ntwo\n", "", b"three\n"),
        ("a.py", "three\n", "three\nfour\n", b"one\ntwo\nthree\nfour\n"),
        ("a.py", "one\r\ntwo", "1\r\n2", b"one\ntwo\nthree\n".replace(b"one\ntwo", b"1\n2")),
        ("crlf", "one\ntwo", "1\n2\n3", b"1\r\n2\r\n3\r\n"),
        ("crlf", "two", "2\n3", b"one\r\n2\r\n3\r\n"),
        ("bom", "one", "two", b"\xef\xbb\xbftwo\n"),
        ("latin", "caf", "th", b"th\xe9\n"),
        ("no newline", "two", "2", b"one\n2"),
        ("🎉/ä.md", "party", "🎉", "🎉\n".encode()),
        ("big", "line 500 of", "LINE", BIG.replace("line 500 of", "LINE").encode()),
    ],
)
async def test_editing(bench: Bench, path: str, old: str, new: str, after: bytes) -> None:
    result = await bench.call("edit", path=path, old_text=old, new_text=new)
    assert not result.is_error, result.text
    assert result.changed == (path,)
    assert (bench.workspace.root / path).read_bytes() == after
    assert [event.path for event in bench.events if isinstance(event, FileChanged)] == [path]


async def test_an_edit_shows_the_changed_lines(bench: Bench) -> None:
    result = await bench.call("edit", path="a.py", old_text="two", new_text="2\n2b")
    assert result.text == "edited a.py\n1\tone\n2\t2\n3\t2b\n4\tthree"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"old_text": "", "new_text": "x"}, "use `write`"),
        ({"old_text": "x", "new_text": "x"}, "nothing would change"),
        ({"old_text": "e", "new_text": "x"}, "matches 3 times in a.py, at lines 1, 3, 3"),
        ({"old_text": "one\n  two", "new_text": "x"}, "only the white space differs"),
        (
            {"old_text": "one\ntwo\nfour", "new_text": "x"},
            "nearest text there is:\n1\tone\n2\ttwo\n3\tthree",
        ),
        ({"old_text": "thre", "new_text": "x", "path": "big"}, "nor anything like it"),
        ({"old_text": "trhee", "new_text": "x"}, "nearest text there is:\n3\tthree"),
        ({"old_text": "\n\n\n\n", "new_text": "x"}, "nor anything like it"),
        (
            {"old_text": "one\nt\u0435o\nthree\nfour", "new_text": "x"},
            "nearest text there is:\n1\tone\n2\ttwo\n3\tthree",
        ),
        (
            {"old_text": "one\ntw\u03bf", "new_text": "x"},
            (
                "[the file has U+006F (LATIN SMALL LETTER O) instead of U+03BF (GREEK SMALL LETTER "
                "OMICRON); copy it as it is]"
            ),
        ),
    ],
)
async def test_an_edit_that_does_not_match_says_why(
    bench: Bench, arguments: dict[str, object], message: str
) -> None:
    result = await bench.call("edit", **{"path": "a.py", **arguments})
    assert result.is_error
    assert message in result.text


async def test_all_occurrences_on_request(bench: Bench) -> None:
    result = await bench.call("edit", path="a.py", old_text="e", new_text="E", replace_all=True)
    assert result.text.startswith("edited a.py, 3 places, the first:\n1\tonE")
    assert (bench.workspace.root / "a.py").read_text() == "onE\ntwo\nthrEE\n"


@given(
    st.text(alphabet="ab\n\r", max_size=30),
    st.text(alphabet="ab\n", min_size=1, max_size=4),
    st.text(alphabet="abc\n", max_size=4),
)
def test_an_edit_replaces_text_and_nothing_else(text: str, old: str, new: str) -> None:
    text = text.replace("\r", "\r\n")
    plain = text.replace("\r\n", "\n")
    try:
        match = match_text(text, old, "f", text, every=True)
    except ToolError:
        assert old not in plain
        return
    after = apply_edits(text, tuple(_edit(text, span, new) for span in match.spans))
    assert after.replace("\r\n", "\n") == plain.replace(old, new)


@pytest.mark.parametrize(
    ("path", "text", "after", "said"),
    [
        ("new/deep/🎉.txt", "a\nb\n", b"a\nb\n", "created new/deep/🎉.txt, 2 lines"),
        ("new", "", b"", "created new, 0 lines"),
        ("a.py", "one\n2\nthree\nfour\n", b"one\n2\nthree\nfour\n", "replaced a.py: +2 -1 lines"),
        ("crlf", "one\n2\n", b"one\r\n2\r\n", "replaced crlf: +1 -1 lines"),
        ("latin", "th\u00e9\n", b"th\xe9\n", "replaced latin: +1 -1 lines"),
        ("empty", "x", b"x", "replaced empty: +1 -0 lines"),
        ("a.py", "", b"", "replaced a.py: +0 -3 lines"),
    ],
)
async def test_writing(bench: Bench, path: str, text: str, after: bytes, said: str) -> None:
    result = await bench.call("write", path=path, text=text)
    assert (result.text, result.changed) == (said, (path,))
    assert (bench.workspace.root / path).read_bytes() == after


async def test_writing_what_is_there_changes_nothing(bench: Bench) -> None:
    result = await bench.call("write", path="a.py", text="one\ntwo\nthree\n")
    assert (result.changed, result.is_error) == ((), False)
    assert not bench.events


async def test_characters_that_do_not_fit_are_rejected(bench: Bench) -> None:
    result = await bench.call("write", path="latin", text="€")
    assert result.is_error
    assert "'€' cannot be written in the file's encoding, latin-1" in result.text


async def test_listing(project: Path) -> None:
    lay_out(
        project,
        {
            ".gitignore": "*.log\n",
            "a.py": "",
            "sub/b.py": "",
            "sub/c.md": "",
            "x.log": "",
            ".env": "",
            "node_modules/x/i.js": "",
        },
    )
    bench = Bench(project, deny=("read(.env)",))
    rows: list[tuple[dict[str, object], str]] = [
        ({}, ".gitignore\na.py\nsub/b.py\nsub/c.md"),
        ({"pattern": "*.py"}, "a.py"),
        ({"pattern": "**/*.py"}, "a.py\nsub/b.py"),
        ({"pattern": "./sub/*"}, "sub/b.py\nsub/c.md"),
        ({"path": "sub"}, "sub/b.py\nsub/c.md"),
        ({"path": "sub", "pattern": "*.md"}, "sub/c.md"),
        ({"pattern": "*.rs"}, "no file matches"),
        ({"path": "node_modules"}, "node_modules/x/i.js"),
    ]
    for arguments, text in rows:
        assert (await bench.call("list", **arguments)).text == text
    assert "is not a folder" in (await bench.call("list", path="a.py")).text


async def test_many_files_are_summed_up(project: Path) -> None:
    lay_out(project, {f"d{n % 3}/f{n}": "" for n in range(300)} | {"top": ""})
    text = (await Bench(project).call("list")).text
    assert text.startswith("d0/ (100 files)\nd1/ (100 files)\nd2/ (100 files)\ntop\n[301 files;")
    assert (await Bench(project).call("list", path="d1")).text.count("\n") == 99


@given(st.text(alphabet="a\n\r", max_size=20))
def test_lines_are_split_as_editors_do(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text.replace("\n", "").replace("\r", "")
    assert not text or lines


async def test_an_edit_beside_a_secret_that_the_model_cannot_see(
    bench: Bench, project: Path
) -> None:
    secret = "q9ZmX71bVn" + "R5tY"
    (project / "settings.py").write_text(f'password = "{secret}"\nport = 1\n')
    shown = (await bench.call("read", path="settings.py")).text
    assert secret not in shown
    old = "\n".join(line.partition("\t")[2] for line in shown.splitlines())
    new = old.replace("port = 1", "port = 2")
    await bench.call("edit", path="settings.py", old_text=old, new_text=new)
    assert (project / "settings.py").read_text() == f'password = "{secret}"\nport = 2\n'
    await bench.call("write", path="settings.py", text=f"{new}more = 3\n")
    text = f'password = "{secret}"\nport = 2more = 3\n'
    assert (project / "settings.py").read_text() == text
    refused = await bench.call("write", path="other.py", text=new)
    assert refused.is_error
    assert not (project / "other.py").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        {"old_text": "PORT=80", "new_text": "PORT=81"},
        {"old_text": "PORT = 80", "new_text": "PORT=81"},
        {"old_text": "DB_PASSWORD=letmein-pleas", "new_text": "PORT=81\nPORT=82"},
    ],
)
async def test_an_edit_shows_nothing_of_a_file_for_secrets(
    bench: Bench, project: Path, arguments: dict[str, str]
) -> None:
    text = "DB_PASSWORD=letmein-please\nPORT=80\nADMIN_PASS=rosebud\n"
    (project / ".env").write_text(text)
    shown = (await bench.call("edit", path=".env", **arguments)).text
    assert not any(word in shown for word in ("letmein-please", "rosebud"))
    with suppress(ToolError):
        tool = bench.toolbox.tool(ToolCall("c", "edit", "{}"))
        assert isinstance(tool, EditTool)
        planned = await tool.plan({"path": ".env", **arguments})
        shown = f"{planned.diff}\n{planned.result.text}"
        assert not any(word in shown for word in ("letmein-please", "rosebud"))


@pytest.mark.parametrize(
    ("text", "old_text", "expected", "note"),
    [
        ("a\u00a0= 1\n", "a = 1", "a = 2\n", "U+00A0 (NO-BREAK SPACE) instead of U+0020"),
        ("caf\u00e9\n", "cafe\u0301", "a = 2\n", "LATIN SMALL LETTER E WITH ACUTE"),
        ("say(\u201chi\u201d)\n", 'say("hi")', "a = 2\n", "LEFT DOUBLE QUOTATION MARK"),
        ("one\rtwo\r", "one\ntwo", "a = 2\r", ""),
    ],
)
async def test_one_place_that_only_looks_alike_is_edited_and_named(
    bench: Bench, project: Path, text: str, old_text: str, expected: str, note: str
) -> None:
    (project / "a.py").write_bytes(text.encode())
    result = await bench.call("edit", path="a.py", old_text=old_text, new_text="a = 2")
    assert not result.is_error, result.text
    assert note in result.text
    assert (project / "a.py").read_bytes().decode() == expected


async def test_several_places_that_only_look_alike_are_named_and_left(
    bench: Bench, project: Path
) -> None:
    text = "a\u00a0= 1\nb\na\u00a0= 1\n"
    (project / "a.py").write_text(text)
    result = await bench.call("edit", path="a.py", old_text="a = 1", new_text="a = 2")
    assert result.is_error
    assert "at lines 1, 3 there is text that only looks like it" in result.text
    assert "U+00A0 (NO-BREAK SPACE) instead of U+0020 (SPACE)" in result.text
    assert (project / "a.py").read_text() == text
