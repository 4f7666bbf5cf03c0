from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.domain.memories import CodeChunk
from lsp_server.memory.chunking import CHARS_HARD_MAX, chunks
from lsp_server.memory.languages import LANGUAGES, Language, load
from tests.sampling import sampled

SUFFIXES = sorted({suffix for language in LANGUAGES for suffix in language.suffixes} | {".txt"})


def check(path: str, text: str) -> tuple[CodeChunk, ...]:
    """The chunks, after what holds of all chunks was checked."""
    made = chunks(path, text)
    assert "".join(chunk.text for chunk in made) == (text if text.strip(" \t\r\n\f\v") else "")
    line = 1
    assert len({chunk.id for chunk in made}) == len(made)
    for chunk in made:
        assert chunk.text
        assert chunk.path == path
        assert chunk.start_line == line
        line += chunk.text.count("\n")
        assert chunk.end_line == line - chunk.text.endswith("\n")
        assert len("".join(chunk.text.split()).encode("utf-8", "replace")) <= CHARS_HARD_MAX + 4
    return made


CODE = st.text(
    st.sampled_from("abc_(){}[]:;=.,<>/*#\"'`\\ \n\t01é語\r$@-|&!?"), max_size=400
) | st.lists(
    st.sampled_from(
        [
            "def f(x):\n",
            "    return x\n",
            "class A:\n",
            "{",
            "}",
            "\n",
            "# note\n",
            "x" * 900,
            "語" * 400,
            '"' * 3,
            "function g() {\n",
            "}\n",
            "<div>",
            "</div>",
            "a: 1\n",
            "- b\n",
            "## Title\n",
            "[part]\n",
            "k = 1\n",
            " " * 30,
            "\r\n",
            "fn h() -> u8 { 1 }\n",
        ]
    ),
    max_size=60,
).map("".join)


@settings(max_examples=sampled(60))
@given(st.sampled_from(SUFFIXES), CODE)
def test_chunks_put_together_are_the_text(suffix: str, text: str) -> None:
    check(f"file{suffix}", text)


@given(st.text(max_size=3000))
def test_text_without_grammar_is_cut_between_lines(text: str) -> None:
    check("notes.txt", text)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_every_grammar_loads_and_knows_its_definitions(language: Language) -> None:
    grammar = load(language)
    assert grammar.parser.language is not None


@pytest.mark.parametrize(
    ("path", "deep"),
    [
        ("deep.json", "[" * 100_000),
        ("deep.json", '{"a":1,"b":' + "[" * 100_000),
        ("deep.json", "[" * 20_000 + "]" * 20_000),
        ("deep.py", "(" * 100_000),
        ("deep.js", "{'a':" * 9_000),
    ],
    ids=range(5),
)
def test_deep_nesting_is_no_problem(path: str, deep: str) -> None:
    check(path, deep)


FILLER = "    value = compute(value, 12345)\n" * 16
SYMBOLS = [
    ("a.py", "class A:\n    def f(self):\n        pass\n", "A", ("A", "f")),
    ("a.py", "import os\n\n\ndef only():\n    pass\n", "only", ("only",)),
    ("a.ts", "export class Box<T> {\n  put(x: T): void {}\n}\n", "Box", ("Box", "put")),
    ("a.js", "const later = async () => { await 1 }\n", "later", ("later",)),
    ("a.go", "package a\n\nfunc (s *S) Close() error { return nil }\n", "Close", ("Close",)),
    (
        "a.rs",
        "impl Shape for Circle {\n  fn area(&self) -> f64 { 0. }\n}\n",
        "Circle",
        ("Circle", "area"),
    ),
    ("A.java", "class A {\n  int f() { return 1; }\n}\n", "A", ("A", "f")),
    ("a.c", "int add(int a) { return a; }\n", "add", ("add",)),
    ("a.cpp", "namespace n { class A { void f() {} }; }\n", "n", ("n", "A", "f")),
    ("a.cs", "class A { int F() { return 1; } }\n", "A", ("A", "F")),
    ("a.rb", "module M\n  def go\n  end\nend\n", "M", ("M", "go")),
    ("a.php", "<?php function go() {}\n", "go", ("go",)),
    ("a.sh", "go() { ls; }\n", "go", ("go",)),
    ("a.js", "res.send = function send() {};\n", "send", ("send",)),
    ("a.ts", "export const Name = core.make('Name');\n", "Name", ("Name",)),
    ("a.ts", "export const twice = (x: number) => 2 * x;\n", "twice", ("twice",)),
    ("a.kt", "class A {\n  fun f() = 1\n}\n", "A", ("A", "f")),
    ("b.kt", "object O {\n}\n\ntypealias T = Int\n", "O", ("O", "T")),
    ("a.swift", "extension S: P {\n  func g() {}\n}\n", "S", ("S", "g")),
    ("b.swift", "protocol P {\n  func g()\n}\ntypealias T = Int\n", "P", ("P", "g", "T")),
    ("a.scala", "object O {\n  def f(x: Int): Int = 1\n}\n", "O", ("O", "f")),
    ("b.scala", "trait T {\n  def g: Int\n}\n", "T", ("T", "g")),
    ("a.dart", "class A {\n  int f() => 1;\n}\nmixin M {}\n", "A", ("A", "f", "M")),
    ("a.lua", "local function a() end\n", "a", ("a",)),
    ("b.lua", "function M.b() end\nM.c = function() end\n", "M.b", ("M.b", "M.c")),
    (
        "a.ex",
        "defmodule Plug.Conn do\n  def f(a), do: a\n  def g(x) when x > 1 do\n  end\nend\n",
        "Plug.Conn",
        ("Plug.Conn", "f", "g"),
    ),
    ("b.ex", "call(x)\n", "", ()),
    ("a.hs", "data T = A | B\n\nf :: Int -> Int\nf x = x\n", "T", ("T", "f")),
    ("a.zig", "const S = struct {\n  pub fn m() void {}\n};\n", "S", ("S", "m")),
    ("a.css", ".box { color: red }\n", ".box", (".box",)),
    ("a.md", "# Title\n\ntext\n", "Title", ("Title",)),
    ("a.json", '{"name": "x"}\n', "name", ("name",)),
    ("a.yaml", "name: x\n", "name", ("name",)),
    ("a.toml", "[tool.ruff]\nline = 1\n", "tool.ruff", ("tool.ruff",)),
]


@pytest.mark.parametrize(("path", "text", "symbol", "defines"), SYMBOLS, ids=lambda x: str(x)[:20])
def test_a_chunk_knows_its_symbol(
    path: str, text: str, symbol: str, defines: tuple[str, ...]
) -> None:
    (chunk,) = check(path, text)
    assert (chunk.symbol, chunk.defines) == (symbol, defines)


def test_a_large_class_is_cut_between_its_methods() -> None:
    methods = [
        f"    def m{i}(self, value):\n{FILLER.replace('    ', '        ')}" for i in range(4)
    ]
    made = check("big.py", "class Big:\n" + "\n".join(methods))
    assert [chunk.symbol for chunk in made] == ["Big", "Big.m1", "Big.m2", "Big.m3"]
    assert made[1].text.startswith("    def m1")


def test_a_part_of_a_large_function_belongs_to_it() -> None:
    made = check("big.py", f"def outer(value):\n{FILLER * 6}    return value\n")
    assert len(made) > 2
    assert {chunk.symbol for chunk in made} == {"outer"}


def test_a_comment_stays_with_what_it_speaks_of() -> None:
    text = f"def first(value):\n{FILLER}\n\n# About the second.\ndef second(value):\n{FILLER}"
    first, second = check("two.py", text)
    assert "About the second" in second.text
    assert (first.symbol, second.symbol) == ("first", "second")
