"""This module knows the languages: their files, their grammars, and what a definition is.

To add one: add its grammar's wheel to the dependencies and a row to LANGUAGES.
A definition is a query pattern that captures `@def` and `@name`; tree-sitter
runs all patterns of a language in one pass.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from types import MappingProxyType

from tree_sitter import Language as Grammar
from tree_sitter import Parser, Query


@dataclass(frozen=True, slots=True)
class Language:
    """A `Language` has a grammar in the package `module`.

    `definitions` are pairs of a kind and a query pattern; `entry` is the function of
    `module` that gives the grammar.
    """

    name: str
    module: str
    suffixes: tuple[str, ...]
    definitions: tuple[tuple[str, str], ...] = ()
    entry: str = "language"


def _named(kind: str, *nodes: str, field: str = "name") -> tuple[tuple[str, str], ...]:
    """Returns patterns of definitions whose name is a field of the node."""
    return tuple((kind, f"({node} {field}: (_) @name) @def") for node in nodes)


_SCRIPT = (
    *_named("function", "function_declaration", "generator_function_declaration"),
    *_named("method", "method_definition"),
    *_named("class", "class_declaration"),
    (
        "function",
        """(variable_declarator
             name: (identifier) @name
             value: [(arrow_function) (function_expression)]) @def""",
    ),
    (
        "function",
        """(assignment_expression
             left: (member_expression property: (property_identifier) @name)
             right: [(arrow_function) (function_expression)]) @def""",
    ),
    (
        "constant",
        """(export_statement (lexical_declaration (variable_declarator
             name: (identifier) @name
             value: [(call_expression) (new_expression) (object) (class)]) @def))""",
    ),
)
_TYPED_SCRIPT = (
    *_SCRIPT,
    *_named("class", "abstract_class_declaration"),
    *_named("type", "interface_declaration", "type_alias_declaration", "enum_declaration"),
    *_named("module", "internal_module"),
)
_C = (
    ("function", "(function_definition declarator: (_ declarator: (_) @name)) @def"),
    ("type", "(struct_specifier name: (_) @name body: (_)) @def"),
    ("type", "(union_specifier name: (_) @name body: (_)) @def"),
    ("type", "(enum_specifier name: (_) @name body: (_)) @def"),
    ("type", "(type_definition declarator: (type_identifier) @name) @def"),
    *_named("macro", "preproc_def", "preproc_function_def"),
)
_ELIXIR_FUNCTIONS = ("def", "defp", "defmacro", "defmacrop", "defguard", "defdelegate")


def _elixir(kind: str, name: str, *macros: str) -> tuple[str, str]:
    """Returns the pattern of calls of macros that define what their first argument names."""
    quoted = " ".join(f'"{macro}"' for macro in macros)
    call = f"(call target: (identifier) @macro (arguments . {name})) @def"
    return kind, f"({call} (#any-of? @macro {quoted}))"


LANGUAGES: tuple[Language, ...] = (
    Language(
        "python",
        "tree_sitter_python",
        (".py", ".pyi", ".pyw"),
        (*_named("function", "function_definition"), *_named("class", "class_definition")),
    ),
    Language("javascript", "tree_sitter_javascript", (".js", ".jsx", ".mjs", ".cjs"), _SCRIPT),
    Language(
        "typescript",
        "tree_sitter_typescript",
        (".ts", ".mts", ".cts"),
        _TYPED_SCRIPT,
        "language_typescript",
    ),
    Language("tsx", "tree_sitter_typescript", (".tsx",), _TYPED_SCRIPT, "language_tsx"),
    Language(
        "go",
        "tree_sitter_go",
        (".go",),
        (
            *_named("function", "function_declaration"),
            *_named("method", "method_declaration"),
            *_named("type", "type_spec"),
        ),
    ),
    Language(
        "rust",
        "tree_sitter_rust",
        (".rs",),
        (
            *_named("function", "function_item"),
            *_named("type", "struct_item", "enum_item", "union_item", "type_item"),
            *_named("trait", "trait_item"),
            *_named("impl", "impl_item", field="type"),
            *_named("module", "mod_item"),
            *_named("macro", "macro_definition"),
        ),
    ),
    Language(
        "java",
        "tree_sitter_java",
        (".java",),
        (
            *_named("method", "method_declaration", "constructor_declaration"),
            *_named("class", "class_declaration", "record_declaration"),
            *_named("type", "interface_declaration", "enum_declaration"),
        ),
    ),
    Language("c", "tree_sitter_c", (".c", ".h"), _C),
    Language(
        "cpp",
        "tree_sitter_cpp",
        (".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx"),
        (
            *_C,
            ("class", "(class_specifier name: (_) @name body: (_)) @def"),
            *_named("module", "namespace_definition"),
        ),
    ),
    Language(
        "c_sharp",
        "tree_sitter_c_sharp",
        (".cs",),
        (
            *_named("method", "method_declaration", "constructor_declaration"),
            *_named("property", "property_declaration"),
            *_named("class", "class_declaration", "record_declaration"),
            *_named("type", "interface_declaration", "struct_declaration", "enum_declaration"),
            *_named("module", "namespace_declaration"),
        ),
    ),
    Language(
        "ruby",
        "tree_sitter_ruby",
        (".rb", ".rake", ".gemspec"),
        (
            *_named("method", "method", "singleton_method"),
            *_named("class", "class"),
            *_named("module", "module"),
        ),
    ),
    Language(
        "php",
        "tree_sitter_php",
        (".php",),
        (
            *_named("function", "function_definition"),
            *_named("method", "method_declaration"),
            *_named("class", "class_declaration"),
            *_named("type", "interface_declaration", "trait_declaration", "enum_declaration"),
        ),
        "language_php",
    ),
    Language(
        "bash",
        "tree_sitter_bash",
        (".sh", ".bash"),
        _named("function", "function_definition"),
    ),
    Language(
        "kotlin",
        "tree_sitter_kotlin",
        (".kt", ".kts"),
        (
            *_named("function", "function_declaration"),
            *_named("class", "class_declaration", "object_declaration"),
            *_named("type", "type_alias", field="type"),
        ),
    ),
    Language(
        "swift",
        "tree_sitter_swift",
        (".swift",),
        (
            *_named("function", "function_declaration", "protocol_function_declaration"),
            *_named("class", "class_declaration", "protocol_declaration"),
            ("type", "(typealias_declaration name: (type_identifier) @name) @def"),
        ),
    ),
    Language(
        "scala",
        "tree_sitter_scala",
        (".scala", ".sc"),
        (
            *_named("function", "function_definition", "function_declaration"),
            *_named("class", "class_definition", "object_definition", "enum_definition"),
            *_named("trait", "trait_definition"),
            *_named("type", "type_definition", "given_definition"),
        ),
    ),
    Language(
        "dart",
        "tree_sitter_dart",
        (".dart",),
        (
            *_named("function", "function_signature", "getter_signature", "setter_signature"),
            *_named("class", "class_definition", "enum_declaration", "extension_declaration"),
            ("class", "(mixin_declaration (identifier) @name) @def"),
            ("type", "(type_alias . (type_identifier) @name) @def"),
        ),
    ),
    Language(
        "lua",
        "tree_sitter_lua",
        (".lua",),
        (
            *_named("function", "function_declaration"),
            (
                "function",
                """(assignment_statement
                     (variable_list . name: (_) @name)
                     (expression_list . value: (function_definition))) @def""",
            ),
        ),
    ),
    Language(
        "elixir",
        "tree_sitter_elixir",
        (".ex", ".exs"),
        (
            _elixir("module", "(alias) @name", "defmodule", "defprotocol", "defimpl"),
            _elixir("function", "(identifier) @name", *_ELIXIR_FUNCTIONS),
            _elixir("function", "(call target: (identifier) @name)", *_ELIXIR_FUNCTIONS),
            _elixir(
                "function",
                "(binary_operator left: (call target: (identifier) @name))",
                *_ELIXIR_FUNCTIONS,
            ),
        ),
    ),
    Language(
        "haskell",
        "tree_sitter_haskell",
        (".hs",),
        (
            *_named("function", "function", "bind", "signature"),
            *_named("type", "data_type", "newtype", "type_synonym"),
            *_named("class", "class"),
        ),
    ),
    Language(
        "zig",
        "tree_sitter_zig",
        (".zig",),
        (
            *_named("function", "function_declaration"),
            (
                "type",
                """(variable_declaration
                     . (identifier) @name
                     [(struct_declaration) (enum_declaration) (union_declaration)]) @def""",
            ),
        ),
    ),
    Language("html", "tree_sitter_html", (".html", ".htm")),
    Language("css", "tree_sitter_css", (".css",), (("rule", "(rule_set (selectors) @name) @def"),)),
    Language(
        "markdown",
        "tree_sitter_markdown",
        (".md", ".markdown"),
        (
            ("section", "(section (atx_heading heading_content: (_) @name)) @def"),
            ("section", "(section (setext_heading heading_content: (_) @name)) @def"),
        ),
    ),
    Language("json", "tree_sitter_json", (".json",), _named("key", "pair", field="key")),
    Language(
        "yaml",
        "tree_sitter_yaml",
        (".yaml", ".yml"),
        _named("key", "block_mapping_pair", field="key"),
    ),
    Language(
        "toml",
        "tree_sitter_toml",
        (".toml",),
        (
            ("section", "(table [(bare_key) (dotted_key) (quoted_key)] @name) @def"),
            (
                "section",
                "(table_array_element [(bare_key) (dotted_key) (quoted_key)] @name) @def",
            ),
        ),
    ),
)

BY_SUFFIX: Mapping[str, Language] = MappingProxyType(
    {suffix: language for language in LANGUAGES for suffix in language.suffixes}
)
BY_NAME: Mapping[str, str] = MappingProxyType({"Rakefile": ".rb", "Gemfile": ".rb"})

PROSE = frozenset({"markdown", "text", "html"})
DATA = frozenset({"json", "yaml", "toml"})


def language_of(path: str) -> Language | None:
    """Returns the language of a file by its name, None when it has no grammar here.

    >>> language_of("src/app.tsx").name, language_of("notes.txt")
    ('tsx', None)
    """
    name = PurePosixPath(path)
    return BY_SUFFIX.get(BY_NAME.get(name.name, name.suffix.lower()))


@dataclass(frozen=True, slots=True)
class Grammars:
    """`Grammars` hold the parser and the query of one language.

    `kinds` are those of the query's patterns, in their order.
    """

    parser: Parser
    query: Query | None
    kinds: tuple[str, ...]


@lru_cache(maxsize=len(LANGUAGES))
def load(language: Language) -> Grammars:
    """Returns the parser of a language and the query for its definitions.

    Both are kept: making them takes milliseconds.
    """
    module = importlib.import_module(language.module)
    grammar = Grammar(getattr(module, language.entry)())
    patterns = "\n".join(pattern for _, pattern in language.definitions)
    query = Query(grammar, patterns) if patterns else None
    return Grammars(Parser(grammar), query, tuple(kind for kind, _ in language.definitions))
