"""This module cuts texts to a length and says that they were cut."""

from __future__ import annotations

from lsp_server.text.count import count_of

ELLIPSIS = "…"


def truncate(text: str, chars_max: int) -> str:
    """Returns the text, or its beginning with an ellipsis, never more than `chars_max` characters.

    >>> truncate("abcdef", 4)
    'abc…'
    >>> truncate("abcd", 4)
    'abcd'
    """
    return text if len(text) <= chars_max else text[: chars_max - 1].rstrip() + ELLIPSIS


def truncate_counting(text: str, chars_max: int) -> str:
    r"""Returns the text, or its first `chars_max` characters and how many more there are.

    >>> truncate_counting("abcdef", 4)
    'abcd\n[2 more characters]'
    """
    if len(text) <= chars_max:
        return text
    return f"{text[:chars_max]}\n[{count_of(len(text) - chars_max, 'more character')}]"


def truncate_middle(text: str, chars_max: int) -> str:
    r"""Returns the text, or its beginning, how many characters are left out, and its end.

    For what a person decides on: what stands last may be what matters.

    >>> truncate_middle("make all && rm -r build", 12)
    'make a\n[… 11 more characters …]\n build'
    """
    if len(text) <= chars_max:
        return text
    end = chars_max // 2
    begin = chars_max - end
    return (
        f"{text[:begin]}\n[… {count_of(len(text) - chars_max, 'more character')} …]\n{text[-end:]}"
    )


def one_line(text: str, chars_max: int) -> str:
    r"""Returns the text on one line, runs of white space as one blank, cut as `truncate` cuts.

    Of a long text only as much is looked at as can be shown.

    >>> one_line("two\n  lines", 20)
    'two lines'
    """
    # White space may fold, so a little more than what is shown has to be looked at.
    return truncate(" ".join(text[: chars_max * 8].split()), chars_max)


def first_line(text: str, chars_max: int) -> str:
    r"""Returns the first line that is not blank, cut as `truncate` cuts; empty if there is none.

    >>> first_line("\n  a title \nand a body", 20)
    'a title'
    """
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return truncate(line, chars_max)
