from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text.lookalikes import lookalikes, unfamiliar_differences


@pytest.mark.parametrize(
    ("text", "wanted", "stretches", "named"),
    [
        (
            "x\u00a0= 1",
            "x = 1",
            ["x\u00a0= 1"],
            "U+00A0 (NO-BREAK SPACE) instead of U+0020 (SPACE)",
        ),
        ("x\u3000= 1", "x = 1", ["x\u3000= 1"], "U+3000 (IDEOGRAPHIC SPACE)"),
        ("caf\u00e9 open", "cafe\u0301", ["caf\u00e9"], "U+00E9 (LATIN SMALL LETTER E WITH ACUTE)"),
        ("cafe\u0301 open", "caf\u00e9", ["cafe\u0301"], "U+0301 (COMBINING ACUTE ACCENT)"),
        (
            "say \u201chi\u201d",
            'say "hi"',
            ["say \u201chi\u201d"],
            "U+201C (LEFT DOUBLE QUOTATION MARK)",
        ),
        ("it\u2019s", "it's", ["it\u2019s"], "U+2019 (RIGHT SINGLE QUOTATION MARK)"),
        ("1 \u2212 2 \u2013 3", "1 - 2 - 3", ["1 \u2212 2 \u2013 3"], "U+2212 (MINUS SIGN)"),
        ("ab\u200bc", "abc", ["ab\u200bc"], "U+200B (ZERO WIDTH SPACE)"),
        ("a\u2028b", "a\nb", ["a\u2028b"], "U+2028 (LINE SEPARATOR)"),
        ("a b a\u00a0b", "a\u00a0b", ["a b", "a\u00a0b"], "U+0020 (SPACE)"),
        ("caf\u00e9", "cafe", [], ""),
        ("cafe\u0301", "cafe", [], ""),
        ("a\tb", "a b", [], ""),
        ("anything", "", [], ""),
        ("anything", "\u200b", [], ""),
    ],
)
def test_what_looks_alike_is_found_and_named(
    text: str, wanted: str, stretches: list[str], named: str
) -> None:
    found = lookalikes(text, wanted)
    assert [text[one.start : one.end] for one in found] == stretches
    assert any(named in difference for one in found for difference in one.differences) or not named


@pytest.mark.parametrize(
    ("line", "wanted", "named"),
    [
        ("n\u0430me = 1", "name = 1", "U+0430 (CYRILLIC SMALL LETTER A) instead of U+0061"),
        ("'\ufb01le'", "'file'", "U+FB01 (LATIN SMALL LIGATURE FI) instead of U+0066"),
        ("x\uff1d1", "x=1", "U+FF1D (FULLWIDTH EQUALS SIGN) instead of U+003D (EQUALS SIGN)"),
        ("wait\u2026", "wait...", "U+2026 (HORIZONTAL ELLIPSIS) instead of U+002E"),
        ("\u2764\ufe0f!", "\u2764!", "U+FE0F (VARIATION SELECTOR-16) instead of nothing"),
        ("\u202eabc", "abc", "U+202E (RIGHT-TO-LEFT OVERRIDE) instead of nothing"),
        ("a\tb", "a b", "U+0009 (without a name) instead of U+0020 (SPACE)"),
        ("a\x0bb", "a b", "U+000B"),
        ("a = \u03bf", "a = o", "U+03BF (GREEK SMALL LETTER OMICRON)"),
        ("name = 1", "game = 1", ""),
        ("caf\u00e9 = 1", "tea = 1", ""),
        ("n\u0430me = 1", "name = 2", ""),
        ("\u0437\u0434\u0440\u0430\u0432", "hello", ""),
        ("x" * 500 + "\u0430", "x" * 500 + "a", ""),
        ("", "", ""),
    ],
)
def test_what_a_reader_takes_for_the_same_is_named(line: str, wanted: str, named: str) -> None:
    assert named in "; ".join(found := unfamiliar_differences(line, wanted))
    assert bool(found) == bool(named)


accented = st.text(
    st.sampled_from("ae\u00e9e\u0301\u00a0 \u201c\"'\u2019-\u2013\n\r\u200b\U0001f600"), max_size=30
)


@given(accented, accented, accented)
def test_the_other_normal_form_is_found_where_it_stands(before: str, text: str, after: str) -> None:
    written = unicodedata.normalize("NFC", text)
    for one in lookalikes(f"{before}|{written}|{after}", f"|{unicodedata.normalize('NFD', text)}|"):
        whole = f"{before}|{written}|{after}"
        assert 0 <= one.start < one.end <= len(whole)
        assert whole[one.start] == whole[one.end - 1] == "|"


def test_a_very_long_text_is_not_folded() -> None:
    assert lookalikes("\u00a0" * 2_000_001, " ") == []
