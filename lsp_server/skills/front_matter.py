"""This module reads the head of a Markdown file: YAML between two lines of `---`.

Values stay texts, as StrictYAML has it, which the validator of the Agent Skills
specification uses: `version: 1.10` is a text, and no value becomes a date or a
truth by chance. Anchors, aliases, tags, flow style and keys that are there twice are
refused, so that a small head cannot become a large value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

FENCE = "---"
HEAD_CHARS_MAX = 20_000

YamlValue: TypeAlias = "str | list[YamlValue] | dict[str, YamlValue]"


class FrontMatterError(ValueError):
    """The head of a file cannot be read; `line` counts from 0."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A `FrontMatter` has the values of a file's head, and the text behind it.

    `lines` says on which line of the file a key stands, counted from 0.
    """

    values: Mapping[str, YamlValue]
    lines: Mapping[str, int]
    body: str

    def text(self, key: str) -> str:
        """Returns the value as one stripped text; empty where there is none, or no text."""
        value = self.values.get(key, "")
        return value.strip() if isinstance(value, str) else ""

    def words(self, key: str) -> tuple[str, ...] | None:
        """Returns the texts of a list, or of a line with commas; None where there is no such key."""
        value = self.values.get(key)
        if value is None:
            return None
        texts = value if isinstance(value, list) else str(value).split(",")
        return tuple(one.strip() for one in texts if isinstance(one, str) and one.strip())


def read_front_matter(text: str) -> FrontMatter:
    """Reads the head of a file. Raises FrontMatterError when it has none or it is broken.

    >>> read = read_front_matter("---\\nname: pdf\\n---\\nRead the file.")
    >>> read.text("name"), read.lines["name"], read.body
    ('pdf', 1, 'Read the file.')
    """
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[0].rstrip() != FENCE:
        raise FrontMatterError(f"the file must begin with a line of {FENCE} and its front matter")
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise FrontMatterError(f"the front matter has no end, a second line of {FENCE}")
    head = "\n".join(lines[1:end])
    if len(head) > HEAD_CHARS_MAX:
        raise FrontMatterError(f"the front matter is longer than {HEAD_CHARS_MAX:,} characters")
    values, places = _mapping(head)
    return FrontMatter(values, places, "\n".join(lines[end + 1 :]).strip())


def _mapping(head: str) -> tuple[dict[str, YamlValue], dict[str, int]]:
    try:
        _refuse_references(head)
        root = yaml.compose(head, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode) or not root.value:
            raise FrontMatterError("the front matter must be lines of `key: value`", 1)
        value = _value(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "a character that YAML does not allow"
        line = mark.line + 1 if mark is not None else 0
        raise FrontMatterError(f"the front matter is no valid YAML: {problem}", line) from error
    except RecursionError as error:
        raise FrontMatterError("the front matter is nested too deeply", 1) from error
    assert isinstance(value, dict)
    return value, {key.value: key.start_mark.line + 1 for key, _ in root.value}


def _refuse_references(head: str) -> None:
    for event in yaml.parse(head, Loader=yaml.SafeLoader):
        named = isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None)
        if named or getattr(event, "tag", None) or getattr(event, "flow_style", False):
            raise FrontMatterError(
                "anchors, aliases, tags and values in [] or {} are not allowed; write lists and "
                "keys on lines of their own, and quote a text that begins so",
                event.start_mark.line + 1 if event.start_mark is not None else 0,
            )


def _value(node: Any) -> YamlValue:
    if isinstance(node, yaml.SequenceNode):
        return [_value(one) for one in node.value]
    if not isinstance(node, yaml.MappingNode):
        text: str = node.value
        return text
    values: dict[str, YamlValue] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise FrontMatterError("a key must be a word", line)
        if key.value in values:
            raise FrontMatterError(f"the key {key.value!r} is there twice", line)
        values[key.value] = _value(value)
    return values
