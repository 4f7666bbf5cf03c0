"""Pairs of a text and the code that it is about, out of the sources of packages.

Five kinds, each what somebody would ask and what should be found:

- the first sentence of a docstring or doc comment, and the definition without it;
- the second sentence, and the same;
- the name of a function, and its body without the name;
- a comment, and the lines after it;
- the first sentence of a module, and the names that it defines.
"""

from __future__ import annotations

import ast
import random
import re
import warnings
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import numpy as np

from lsp_server.text.tokenizer import distinct_words
from scripts.static_embedder.packages import Package, archive, sources

CODE_CHARS_MAX = 1_400
"""About a chunk of memory with its white space."""
CODE_CHARS_MIN = 50
TEXT_WORDS = range(4, 41)
COMMENTED_LINES = 8
WORDS_MAX = 200
PER_PACKAGE = 15_000
"""Pairs of one package, so that large ones do not decide what words mean."""
PACKAGE_CHARS_MAX = 4_000_000
"""Source that is read of one package."""
SAME_TEXT_MAX = 3
"""Pairs of a package with the same text, such as "Return the value."."""

HASH_COMMENTED = frozenset({".py", ".pyx", ".rb", ".sh"})
LINE_CHARS_MAX = 200

Pair: TypeAlias = tuple[str, str]
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_DEFINED = re.compile(r"^[ \t]*(?:async +)?(?:def|class) +(\w+)", re.MULTILINE)
_DOC_COMMENT = re.compile(r"/\*\*(.*?)\*/[ \t]*\n", re.DOTALL)
_DOCUMENTED_LINES = 40
_FUNCTION = re.compile(r"[ \t]*(?!return\b)[\w\[\]<>*&:,.?@ ]*?\b(\w+)(?:<[^>]*>)?\([^;]*\{[ \t]*$")
"""A line that begins a function in a language with braces, or a block with a condition."""


def pairs_of(name: str, text: str) -> Iterator[Pair]:
    """All pairs of one source file; one that does not parse gives those of its comments."""
    suffix = PurePosixPath(name).suffix
    if suffix == ".py":
        yield from _python(name, text)
    else:
        yield from _documented(text)
        yield from _named(text)
    yield from _commented(text, "#" if suffix in HASH_COMMENTED else "//")


def _python(name: str, text: str) -> Iterator[Pair]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    lines = text.splitlines(keepends=True)
    if said := ast.get_docstring(module):
        names = [PurePosixPath(name).stem, *_DEFINED.findall(text)]
        yield from _pair(_sentence(said, 0), " ".join(names))
    yield from _definitions(module, lines, "")


def _definitions(parent: ast.AST, lines: list[str], outer: str) -> Iterator[Pair]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Definition):
            symbol = f"{outer}.{node.name}" if outer else node.name
            yield from _definition(node, lines, symbol)
            yield from _definitions(node, lines, symbol)


def _definition(node: Definition, lines: list[str], symbol: str) -> Iterator[Pair]:
    first = node.body[0]
    said = ast.get_docstring(node)
    start, end = node.lineno - 1, node.end_lineno or node.lineno
    if said and len(node.body) > 1:
        body = lines[start : first.lineno - 1] + lines[first.end_lineno or end : end]
    elif said:
        return
    else:
        body = lines[start:end]
    code = "".join(body)
    if said:
        yield from _pair(_sentence(said, 0), f"{symbol}\n{code}")
        yield from _pair(_sentence(said, 1), f"{symbol}\n{code}")
    if not isinstance(node, ast.ClassDef) and not node.name.startswith("__"):
        parts = _PARTS.findall(node.name)
        if len(parts) > 1:
            yield from _pair(" ".join(parts), code.replace(node.name, ""), words_min=2)


def _documented(text: str) -> Iterator[Pair]:
    for found in _DOC_COMMENT.finditer(text):
        said = re.sub(r"^[ \t]*\*[ ]?", "", found[1], flags=re.MULTILINE).split("\n@", 1)[0]
        after = text[found.end() : found.end() + CODE_CHARS_MAX]
        lines = after.splitlines(keepends=True)[:_DOCUMENTED_LINES]
        if lines and lines[0].strip():
            body = "".join(lines[: _end_of_definition(lines)])
            yield from _pair(_sentence(said, 0), body)
            yield from _pair(_sentence(said, 1), body)


def _named(text: str) -> Iterator[Pair]:
    """Functions of languages with braces, by their names of several words, as no keyword has."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if len(line) > LINE_CHARS_MAX or not (found := _FUNCTION.match(line)):
            continue
        name = found[1]
        parts = _PARTS.findall(name)
        if len(parts) > 1:
            rest = lines[number : number + _DOCUMENTED_LINES]
            body = "".join(rest[: _end_of_definition(rest)])
            yield from _pair(" ".join(parts), body.replace(name, ""), words_min=2)


def _end_of_definition(lines: list[str]) -> int:
    """The number of lines up to the first one that is no deeper than the first."""
    margins = [len(line) - len(line.lstrip()) for line in lines]
    for number, line in enumerate(lines):
        if number and line.strip() and margins[number] <= margins[0]:
            return number + 1
    return len(lines)


def _commented(text: str, marker: str) -> Iterator[Pair]:
    """Comments on lines of their own, each with the lines after it."""
    lines = text.splitlines(keepends=True)
    said: list[str] = []
    for number, line in enumerate(lines):
        stripped = line.strip()
        if stripped.startswith(marker):
            said.append(stripped.lstrip("#/! "))
        elif said:
            following = lines[number : number + COMMENTED_LINES]
            blank = next((n for n, one in enumerate(following) if not one.strip()), len(following))
            yield from _pair(_sentence(" ".join(said), 0), "".join(following[:blank]))
            said = []


def _sentence(text: str, number: int) -> str:
    sentences = _SENTENCE_END.split(text.strip())[: number + 1]
    return " ".join(sentences[number].split()) if len(sentences) > number else ""


def _pair(text: str, code: str, words_min: int = TEXT_WORDS.start) -> Iterator[Pair]:
    code = code[:CODE_CHARS_MAX]
    words = len(re.findall(r"[A-Za-z]{2,}", text))
    if words_min <= words < TEXT_WORDS.stop and len(code) >= CODE_CHARS_MIN:
        yield text, code


def _of_package(package: Package, cache: Path) -> list[Pair]:
    """A package's pairs as words, each once, at most PER_PACKAGE of them, from files by chance."""
    found: dict[Pair, None] = {}
    texts: Counter[str] = Counter()
    chance = random.Random(package.name)
    files = list(sources(archive(package, cache)))
    chance.shuffle(files)
    read_chars = 0
    for name, source in files:
        if len(found) >= PER_PACKAGE or read_chars >= PACKAGE_CHARS_MAX:
            break
        read_chars += len(source)
        for text, code in pairs_of(name, source):
            said = " ".join(distinct_words(text))
            texts[said] += 1
            if said and texts[said] <= SAME_TEXT_MAX:
                found[said, " ".join(distinct_words(code)[:WORDS_MAX])] = None
    pairs = list(found)
    chance.shuffle(pairs)
    return pairs[:PER_PACKAGE]


@dataclass(frozen=True, slots=True)
class Bags:
    """Texts as the numbers of their words: text i has `ids[offsets[i]:offsets[i + 1]]`."""

    ids: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True)
class Pairs:
    """All pairs: text i is about code i and comes from package `groups[i]`."""

    words: list[str]
    texts: Bags
    code: Bags
    groups: np.ndarray


def read_pairs(packages: Iterable[Package], cache: Path, processes: int) -> Pairs:
    """The pairs of all packages, in the order of the list. Blocking, minutes."""
    numbers: dict[str, int] = {}
    columns = [(array("i"), array("q", [0])) for _ in range(2)]
    groups = array("i")
    with Pool(processes) as pool:
        work = ((package, cache) for package in packages)
        for group, found in enumerate(pool.imap(_starred, work)):
            for pair in found:
                groups.append(group)
                for (ids, offsets), words in zip(columns, pair, strict=True):
                    ids.extend(numbers.setdefault(word, len(numbers)) for word in words.split())
                    offsets.append(len(ids))
    texts, code = (Bags(np.array(ids), np.array(offsets)) for ids, offsets in columns)
    return Pairs(list(numbers), texts, code, np.array(groups))


def _starred(work: tuple[Package, Path]) -> list[Pair]:
    return _of_package(*work)
