"""This module renders on a terminal what a model wrote: Markdown, and differences in colour.

Nothing of a text is left out, and nothing in it reaches the terminal as a control character:
HTML is shown as it is written, and an address stands beside its link.
"""

from __future__ import annotations

from typing import ClassVar

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown
from rich.text import Text

from lsp_server.domain.permissions import visible
from lsp_server.text.excerpt import split_lines

CODE_THEME = "ansi_dark"
"""Colours of the terminal's own, on its own background."""


class _LeftHeading(Heading):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield self.text


class SafeMarkdown(Markdown):
    """A `SafeMarkdown` is Markdown of others, rendered so that nothing of it is hidden."""

    elements: ClassVar = {**Markdown.elements, "heading_open": _LeftHeading}

    def __init__(self, text: str) -> None:
        text = visible(text)
        super().__init__("", code_theme=CODE_THEME, hyperlinks=False)
        self.markup = text
        parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
        # Each would show another text than the one that is written, or none.
        parser.disable(["entity", "reference", "html_block", "html_inline", "image"])
        self.parsed = parser.parse(text)


def diff_view(text: str) -> Text:
    """Returns a unified diff in colour."""
    view = Text()
    for line in split_lines(text):
        view.append(f"{visible(line)}\n", _diff_style(line))
    view.rstrip()
    return view


def _diff_style(line: str) -> str:
    match line[:1]:
        case "+":
            return "bold" if line.startswith("+++ ") else "green"
        case "-":
            return "bold" if line.startswith("--- ") else "red"
        case "@":
            return "cyan"
        case _:
            return ""


def print_text(text: str, *, is_diff: bool = False, to_errors: bool = False) -> None:
    """Prints Markdown, or a diff, on standard output or standard error, with the colours it can show."""
    console = Console(stderr=to_errors, highlight=False)
    console.print(diff_view(text) if is_diff else SafeMarkdown(text), soft_wrap=is_diff)
