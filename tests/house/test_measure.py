"""What is measured of source, shown on small pieces of it."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.house import docstrings, habits, names, processes, size, suite
from scripts.house.comments import comments, noqas, type_ignores
from scripts.house.imports import cycles, import_graph
from scripts.house.rules import RULES
from scripts.house.sources import Offender, Package, line_count, read_package
from scripts.house.table import as_text, measure
from tests.house.snippets import package, said


def function(source: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    ((_, found),) = package(source).functions
    return found


@pytest.mark.parametrize(
    ("sizes", "median", "p90", "longest"),
    [
        ([], 0, 0, 0),
        ([4], 4, 4, 4),
        ([4, 1, 2], 2, 4, 4),
        ([1, 2, 3, 10], 2.5, 10, 10),
        (range(1, 101), 50.5, 91, 100),
    ],
)
def test_sizes_are_spread(sizes: list[int], median: float, p90: int, longest: int) -> None:
    assert size.spread(sizes) == size.Spread(median, p90, longest)


def test_a_function_is_as_long_as_its_text_without_decorators() -> None:
    assert line_count(function('@cached\ndef total():\n    """Adds."""\n\n    return 1\n')) == 4


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        ("pass", 0),
        ("if a:\n    pass\nelif b:\n    pass\nelif c:\n    pass", 1),
        ("if a:\n    pass\nelse:\n    if b:\n        pass\n    c()", 2),
        ("match a:\n    case 1:\n        if b:\n            pass", 2),
        ("try:\n    pass\nexcept OSError:\n    with a:\n        pass", 2),
        ("for a in b:\n    if (lambda: [c for c in d])():\n        while e:\n            pass", 3),
        ("if a:\n    def inner():\n        if b:\n            pass", 1),
        ("if a:\n    pass\nelif b:\n    for c in d:\n        pass", 2),
    ],
)
def test_nesting_is_counted(body: str, depth: int) -> None:
    tree = ast.parse(f"def outer():\n{textwrap.indent(body, '    ')}\n")
    outer = tree.body[0]
    assert isinstance(outer, ast.FunctionDef)
    assert size.nesting(outer) == depth


FOUR_METHODS = """
class Till:
    def __init__(self): ...
    @property
    def total(self): ...
    async def _open(self): ...
    def close(self):
        def inner(): ...
    class Drawer:
        def pull(self): ...
"""


def test_methods_are_public_private_dunder_and_properties() -> None:
    found = package(FOUR_METHODS)
    assert said(size.large_classes(found, methods_max=3)) == ["Till has 4 methods"]
    assert size.large_classes(found, methods_max=4) == []


def test_what_is_too_long_is_named_with_its_place() -> None:
    found = package("def total():\n    a = 1\n    return a\n")
    assert size.long_files(found, 3) == []
    assert list(map(str, size.long_files(found, 2))) == ["shop/till.py:1: 3 lines"]
    assert said(size.short_files(found, 4)) == ["3 lines"]
    assert size.long_functions(found, 3) == []
    assert said(size.long_functions(found, 2)) == ["total has 3 lines"]


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("subprocess.Popen(a, stdin=0, stdout=1, stderr=2)", []),
        ("subprocess.Popen(a, stdin=0, stdout=1)", ["Popen inherits stderr"]),
        ("subprocess.run(a, stdin=0, capture_output=True)", []),
        ("subprocess.run(a, capture_output=True)", ["run inherits stdin"]),
        ("create_subprocess_exec(a)", ["create_subprocess_exec inherits stdin, stdout, stderr"]),
        ("create_subprocess_exec(a, **streams)", []),
        ("asyncio.run(a)", []),
    ],
)
def test_a_process_that_inherits_a_stream_is_found(start: str, found: list[str]) -> None:
    assert said(processes.inherited_streams(package(start))) == found


def test_self_is_no_argument() -> None:
    found = package("class A:\n    def f(self, a, /, b, *rest, c, **more): ...\n")
    assert size.many_parameters(found, 3) == []
    assert said(size.many_parameters(found, 2)) == ["f takes 3"]


@pytest.mark.parametrize(
    ("till", "desk", "at_import", "everywhere"),
    [
        ("import shop.desk", "import shop.till", 2, 2),
        ("from shop import desk", "from shop.till import TOTAL", 2, 2),
        ("from . import desk", "from .till import TOTAL", 2, 2),
        ("import shop.desk", "def f():\n    import shop.till", 0, 2),
        ("import shop.desk", "if TYPE_CHECKING:\n    import shop.till", 0, 2),
        ("import shop.desk", "try:\n    import shop.till\nexcept ImportError: ...", 2, 2),
        ("import shop.desk", "import os", 0, 0),
        ("import shop.till", "", 0, 0),
    ],
)
def test_cycles_of_imports(till: str, desk: str, at_import: int, everywhere: int) -> None:
    found = package(till, desk=desk, __init__="")
    for count, lazy in ((at_import, False), (everywhere, True)):
        sizes = [len(each) for each in cycles(import_graph(found, everywhere=lazy))]
        assert sizes == ([count] if count else [])


def test_each_cycle_is_named_once_the_largest_first() -> None:
    graph = {"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"e", "a"}, "e": {"c"}, "f": set[str]()}
    assert cycles(graph) == [["c", "d", "e"], ["a", "b"]]


def test_comments_are_no_strings() -> None:
    found = comments(
        package('A = "# none"  # one\n# two\nB = 1  # type: ignore[misc]\nC = 2  # noqa: S1\n')
    )
    assert len(found) == 4
    assert said(type_ignores(found)) == ["# type: ignore[misc]"]
    assert said(noqas(found)) == ["# noqa: S1"]


HABITS = """
PRICE_MAX = 9
_PRICE_MIN: int = 1
Price = int
Change: TypeAlias = Callable[[int], int]

def pay(how: Callable[[], int] | None, *, change: Change):
    LOCAL = 1
    try: ...
    except ValueError: ...
    except (OSError, Exception): ...
    except: ...
"""


@pytest.mark.parametrize(
    ("count", "what"),
    [
        (habits.constants, ["PRICE_MAX", "_PRICE_MIN"]),
        (habits.callable_aliases, ["Change"]),
        (habits.callable_parameters, ["pay(how)"]),
        (habits.broad_excepts, ["(OSError, Exception)", "bare except"]),
    ],
)
def test_habits_are_counted(count: Callable[[Package], list[Offender]], what: list[str]) -> None:
    assert said(count(package(HABITS))) == what


def test_a_name_used_twice_is_named_with_each_place() -> None:
    one, other = "class Entry: ...\nclass _Own: ...\n", "class Entry: ...\nclass _Own: ...\n"
    found = package(one, desk=other, back__in__till="", back____in____init__="", __init__="")
    assert {name: len(places) for name, places in names.duplicate_classes(found).items()} == {
        "Entry": 2
    }
    assert list(names.duplicate_files(found)) == ["till.py"]


DOCUMENTED = '''
"""What a till holds."""

class Till:
    """A till counts.

    For example:

        Till().pay(1)
    """

    limit: int
    """In cents."""

    def pay(self):
        """Pays."""

    def close(self):
        def inner():
            """Of all."""

    def _open(self):
        """Whether it opens.
        """

class _Drawer:
    def pull(self): ...
'''


def test_docstrings_are_counted_by_what_is_public() -> None:
    found = docstrings.definitions(package(DOCUMENTED))
    public = [(one.kind, one.name) for one in found if one.is_public]
    assert public == [
        ("module", "till.py"),
        ("class", "Till"),
        ("function", "pay"),
        ("function", "close"),
    ]
    assert said(docstrings.undocumented(found)) == ["close"]
    assert len(docstrings.documented(found, "function")) == 3
    assert docstrings.docstring_lines(found) == 1 + 5 + 1 + 1 + 1
    assert docstrings.attribute_lines(package(DOCUMENTED)) == 1


@pytest.mark.parametrize(
    ("text", "has_example"),
    [
        ("Adds two numbers.", False),
        ("Adds - and takes away.\n\nIt is slow; see 3) below.", False),
        ("Adds.\n\n>>> add(1, 2)\n3", True),
        ("Adds.\n\n- numbers\n- texts", True),
        ("Adds.\n\n1. numbers", True),
        ("Adds, as in::\n\n  add(1, 2)", True),
        ("Adds.\n\n    add(1, 2)", True),
        ("Adds.\n\nArgs:\n  one: it", True),
    ],
)
def test_an_example_or_a_list_is_seen(text: str, has_example: bool) -> None:
    assert docstrings.has_example(text) == has_example


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("Mock()", True),
        ("mock.AsyncMock()", True),
        ('patch("shop.till")', True),
        ("patch.object(till, 'pay')", True),
        ("mock.patch('shop.till')", True),
        ("mocker.spy(till, 'pay')", True),
        ('monkeypatch.setattr(till, "pay", pay)', True),
        ('monkeypatch.setenv("PATH", "")', False),
        ("toolbox.dispatch(call)", False),
        ('acts("patch", {})', False),
    ],
)
def test_mocks_are_what_replaces_something(code: str, is_found: bool) -> None:
    assert bool(suite.mocks(package(f"def test_it():\n    {code}\n"))) == is_found


def test_the_table_has_a_row_for_each_measure_and_its_offenders() -> None:
    tests = package("def test_one():\n    Mock()\n\n\ndef fake(): ...\n")
    rows = {row.measure: row for row in measure(package(DOCUMENTED), tests)}
    assert rows["files / lines"].figure == "1 / 27"
    assert rows["public docstrings (classes and functions)"].figure == "67 %"
    assert rows["test functions: median / p90 / longest lines"].figure == "2 / 2 / 2 (1 functions)"
    assert said(list(rows["mocks and patches in tests"].offenders)) == ["Mock"]
    assert as_text(rows.values()).startswith("| measure ")


def test_an_empty_module_can_be_measured_and_breaks_no_rule() -> None:
    empty = package("")
    assert measure(empty, empty)
    assert not [rule for rule in RULES if rule.offenders(empty)]


def test_a_package_is_read_without_what_is_left_out(tmp_path: Path) -> None:
    for name in ("a.py", "cli/sample/b.py", "cli/c.py", "cli/d.txt"):
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("A = 1\n", "utf-8")
    found = read_package(tmp_path / "shop", ["cli/sample"])
    assert [str(module.path) for module in found.modules] == ["shop/a.py", "shop/cli/c.py"]
    with pytest.raises(FileNotFoundError, match="name a folder with --package"):
        read_package(tmp_path / "none")
