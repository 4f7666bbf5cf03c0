"""Positions in both directions, in all encodings, against Python's own codecs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from lsp_server.domain.edits import Lines, TextEdit, apply_edits
from lsp_server.server import from_lsp, to_lsp
from lsp_server.server.from_lsp import Encoding
from tests.fakes.lsp_client import edited

ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]

texts = st.text(st.sampled_from("ab é\u4e2d😀\U0010ffff\n\r\u2028\t"), max_size=30)
encodings = st.sampled_from(ENCODINGS)


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, tuple[TextEdit, ...]]:
    text = draw(texts)
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return text, tuple(TextEdit(start, end, draw(texts)) for start, end in pairs)


def inside_line_ending(text: str, offset: int) -> bool:
    return text[offset - 1 : offset + 1] == "\r\n" if offset else False


@given(texts, encodings, st.data())
def test_an_offset_survives_the_way_out_and_back(
    text: str, encoding: Encoding, data: st.DataObject
) -> None:
    lines = Lines(text)
    offset = data.draw(st.integers(0, len(text)))
    position = to_lsp.position(lines, offset, encoding)
    expected = offset - 1 if inside_line_ending(text, offset) else offset
    assert from_lsp.offset(lines, position, encoding) == expected


@given(edited_texts(), encodings)
def test_an_editor_applies_our_edits_as_we_would(
    given_edits: tuple[str, tuple[TextEdit, ...]], encoding: Encoding
) -> None:
    text, edits = given_edits
    wire = [
        {
            "range": {
                name: {"line": place.line, "character": place.character}
                for name, place in (("start", edit.range.start), ("end", edit.range.end))
            },
            "newText": edit.new_text,
        }
        for edit in to_lsp.text_edits(text, edits, encoding)
    ]
    assert edited(text, wire, encoding) == apply_edits(text, edits)


@given(texts, texts, encodings, st.data())
def test_a_change_of_a_buffer_arrives(
    text: str, new: str, encoding: Encoding, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)).filter(lambda o: not inside_line_ending(text, o)))
    end = data.draw(st.integers(start, len(text)).filter(lambda o: not inside_line_ending(text, o)))
    lines = Lines(text)
    change = types.TextDocumentContentChangePartial(
        range=types.Range(
            to_lsp.position(lines, start, encoding), to_lsp.position(lines, end, encoding)
        ),
        text=new,
    )
    assert from_lsp.apply_change(text, change, encoding) == text[:start] + new + text[end:]


@given(texts, encodings, st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_any_position_lies_in_the_text(
    text: str, encoding: Encoding, line: int, character: int
) -> None:
    offset = from_lsp.offset(Lines(text), types.Position(line, character), encoding)
    assert 0 <= offset <= len(text)


@pytest.mark.parametrize(
    ("encoding", "character", "offset"),
    [
        ("utf-8", 1, 1),
        ("utf-8", 4, 1),
        ("utf-8", 5, 2),
        ("utf-16", 2, 1),
        ("utf-16", 3, 2),
        ("utf-16", 99, 3),
        ("utf-32", 2, 2),
        ("utf-32", 99, 3),
    ],
)
def test_units_are_counted_as_the_client_does(
    encoding: Encoding, character: int, offset: int
) -> None:
    assert from_lsp.offset(Lines("a😀b\nc"), types.Position(0, character), encoding) == offset


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///tmp/a.py", "/tmp/a.py"),
        ("FILE:///tmp/a.py", "/tmp/a.py"),
        ("file://localhost/tmp/a.py", "/tmp/a.py"),
        ("file:///tmp/with%20space/%25.py", "/tmp/with space/%.py"),
        ("file:///tmp/with space.py", "/tmp/with space.py"),
        ("file:///tmp/%E4%B8%AD%23.py", "/tmp/中#.py"),
        ("file:///tmp/a/../b.py", "/tmp/b.py"),
        ("file:///tmp/c#/a#b.py", "/tmp/c#/a#b.py"),
        ("file:///tmp/what?.py", "/tmp/what?.py"),
        ("file:/tmp/[id]/a.py", "/tmp/[id]/a.py"),
        ("file:///tmp/%FF%fe.py", "/tmp/\udcff\udcfe.py"),
        ("file:///tmp/%ED%A0%80.py", "/tmp/\udced\udca0\udc80.py"),
        ("file:///tmp/\ud83d.py", None),
        ("file://server/share/a.py", None),
        ("file:///tmp/a%00b", None),
        ("untitled:Untitled-1", None),
        ("vscode-remote://ssh/tmp/a.py", None),
        ("file:", None),
        ("file://[", None),
        ("", None),
    ],
)
def test_only_files_have_a_path(uri: str, path: str | None) -> None:
    assert from_lsp.path(uri) == (Path(path) if path is not None else None)


@given(st.binary(min_size=1).filter(lambda name: not {*b"/\0"} & {*name}))
def test_every_path_has_a_uri_that_leads_back(name: bytes) -> None:
    path = Path("/tmp").resolve() / "x" / f"{os.fsdecode(name)}."
    assert from_lsp.path(to_lsp.uri(path)) == path.resolve()


def test_a_symbolic_link_leads_to_the_real_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert from_lsp.path((tmp_path / "link/a").as_uri()) == (tmp_path / "real/a").resolve()
    from_lsp.path((tmp_path / "loop/a").as_uri())
