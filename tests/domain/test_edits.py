from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.edits import (
    FileEdit,
    Lines,
    Position,
    TextEdit,
    apply_edits,
    fingerprint,
    invert,
    minimal_edit,
)
from lsp_server.domain.errors import EditRejected

TEXTS = st.text(alphabet=st.sampled_from("ab \n\r\té漢🙂"), max_size=40)


@st.composite
def texts_with_edits(draw: st.DrawFn) -> tuple[str, tuple[TextEdit, ...]]:
    """A text and edits of it that do not touch each other."""
    text = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    edits = [
        TextEdit(start, end, draw(TEXTS)) for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    return text, tuple(edits)


@given(texts_with_edits())
def test_edits_invert(case: tuple[str, tuple[TextEdit, ...]]) -> None:
    text, edits = case
    assert apply_edits(apply_edits(text, edits), invert(text, edits)) == text


@given(TEXTS, TEXTS)
def test_minimal_edit_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    edits = minimal_edit(before, after)
    assert apply_edits(before, edits) == after
    assert all(len(edit.new_text) <= len(after) for edit in edits)


@given(TEXTS, st.integers(-3, 60))
def test_offsets_survive_positions(text: str, offset: int) -> None:
    lines = Lines(text)
    position = lines.position(offset)
    inside = max(0, min(offset, len(text)))
    line_end = len(lines.line(position.line))
    # Between the two characters of a line ending there is no position of its own.
    assert lines.offset(position) == inside or position.column > line_end


@pytest.mark.parametrize(
    ("text", "edits", "result"),
    [
        ("abc", ((0, 0, "x"),), "xabc"),
        ("abc", ((3, 3, "x"),), "abcx"),
        ("abc", ((2, 3, ""), (0, 1, "")), "b"),
        ("abc", ((0, 1, "x"), (1, 2, "y")), "xyc"),
        ("abc", ((0, 2, "x"), (1, 3, "y")), "the edits overlap; send them as one edit"),
        ("abc", ((1, 1, "x"), (1, 1, "y")), "the edits overlap; send them as one edit"),
        ("abc", ((0, 4, ""),), "an edit lies outside of the text"),
        ("abc", ((2, 1, ""),), "an edit ends before it starts"),
    ],
)
def test_edits_apply_at_once_or_not_at_all(
    text: str, edits: tuple[tuple[int, int, str], ...], result: str
) -> None:
    given_edits = tuple(TextEdit(*edit) for edit in edits)
    if result.startswith(("the edits", "an edit")):
        with pytest.raises(EditRejected, match=result):
            apply_edits(text, given_edits)
    else:
        assert apply_edits(text, given_edits) == result


def test_an_edit_of_another_version_is_rejected(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("x") / "a.py"
    edit = FileEdit(path, fingerprint("old"), (TextEdit(0, 3, "new"),))
    assert edit.result("old") == "new"
    with pytest.raises(EditRejected, match="changed since it was read"):
        edit.result("odd")


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("", [0]),
        ("a", [0]),
        ("a\n", [0, 2]),
        ("a\r\nb", [0, 3]),
        ("a\rb", [0, 2]),
        ("\n\r\n", [0, 1, 3]),
    ],
)
def test_lines_start_after_each_kind_of_line_ending(text: str, starts: list[int]) -> None:
    assert Lines(text).starts == starts


def test_positions_past_the_end_are_clamped() -> None:
    lines = Lines("ab\ncd")
    assert lines.offset(Position(0, 99)) == 2
    assert lines.offset(Position(9, 0)) == 5
    assert lines.position(99) == Position(1, 2)
