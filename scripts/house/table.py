"""The table puts all figures of a package and its tests side by side, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scripts.house.comments import comments, noqas, type_ignores
from scripts.house.docstrings import (
    Definition,
    Kind,
    attribute_lines,
    definitions,
    docstring_lines,
    documented,
    has_example,
    is_one_line,
    opens_a_clause,
    undocumented,
)
from scripts.house.habits import (
    broad_excepts,
    callable_aliases,
    callable_parameters,
    constants,
)
from scripts.house.imports import cycles, import_graph
from scripts.house.names import duplicate_classes, duplicate_files
from scripts.house.rules import CLASS_METHODS_MAX, FILE_LINES_MAX, FUNCTION_LINES_MAX
from scripts.house.size import (
    Spread,
    deep_functions,
    large_classes,
    long_files,
    long_functions,
    many_parameters,
    nesting,
    short_files,
    spread,
)
from scripts.house.sources import Offender, Package, line_count
from scripts.house.suite import mocks, suite_functions, suite_sizes


@dataclass(frozen=True, slots=True)
class Row:
    """A row has one measure and its figure; a person may want to look at its offenders."""

    measure: str
    figure: str
    offenders: tuple[Offender, ...] = ()


def measure(package: Package, tests: Package) -> list[Row]:
    """Measures a package and the tests of it, in the order of the table."""
    found = definitions(package)
    return [
        *_files(package),
        *_functions(package),
        *_imports(package),
        _share("broad excepts / kLOC", package, broad_excepts(package)),
        *_docstrings(found),
        *_prose(package, found),
        *_names(package),
        *_habits(package),
        *_tests(package, tests),
    ]


def _files(package: Package) -> list[Row]:
    count, sizes = len(package.modules), spread(module.lines for module in package.modules)
    short, long = short_files(package), long_files(package, FILE_LINES_MAX)
    return [
        Row("files / lines", f"{count} / {package.lines:,}"),
        Row("median / p90 / max file", _spread(sizes)),
        Row("files under 40 lines", f"{len(short)} ({_percent(len(short), count)})"),
        Row(f"files over {FILE_LINES_MAX} lines", f"{len(long)}", tuple(long)),
    ]


def _functions(package: Package) -> list[Row]:
    functions = [one for _, one in package.functions]
    sizes = spread(map(line_count, functions))
    long = long_functions(package, FUNCTION_LINES_MAX)
    longest = max(package.functions, key=lambda pair: line_count(pair[1]), default=None)
    deep = deep_functions(package)
    deepest = max(map(nesting, functions), default=0)
    return [
        Row("functions; median lines", f"{len(functions):,}; {sizes.median:g}"),
        Row(
            f"functions > {FUNCTION_LINES_MAX} / > 70",
            f"{len(long)} / {len(long_functions(package, 70))}",
            tuple(long),
        ),
        Row("longest function", f"{sizes.longest} ({longest[1].name})" if longest else "0"),
        Row("nesting ≥ 4 / deepest", f"{len(deep)} / {deepest}", tuple(deep)),
    ]


def _imports(package: Package) -> list[Row]:
    rows = (("cycles, module level", False), ("cycles, lazy and typing imports too", True))
    return [
        _cycles(name, cycles(import_graph(package, everywhere=everywhere)))
        for name, everywhere in rows
    ]


def _cycles(name: str, found: Sequence[Sequence[str]]) -> Row:
    offenders = tuple(Offender(each[0], 1, " ↔ ".join(each)) for each in found)
    return Row(name, ", ".join(str(len(each)) for each in found) or "0", offenders)


def _docstrings(found: list[Definition]) -> list[Row]:
    public = [one for one in found if one.is_public and one.kind != "module"]
    silent = undocumented(found)
    share = _percent(len(public) - len(silent), len(public))

    def of(kind: Kind, test: Callable[[str], bool]) -> str:
        texts = [one.docstring for one in documented(found, kind)]
        return _percent(sum(map(test, texts)), len(texts))

    clauses = f"{of('module', opens_a_clause)} / {of('function', opens_a_clause)}"
    return [
        Row("public docstrings (classes and functions)", share, tuple(silent)),
        Row("… one line only (functions)", of("function", is_one_line)),
        Row("… with an example or a list (functions)", of("function", has_example)),
        Row("… first word is what/where/which/whether… (modules / functions)", clauses),
    ]


def _prose(package: Package, found: list[Definition]) -> list[Row]:
    written = comments(package)
    ignored, excused = type_ignores(written), noqas(written)
    per_thousand = package.per_thousand_lines
    docs, attributes = docstring_lines(found), attribute_lines(package)
    return [
        Row("comments per 100 lines", f"{per_thousand(len(written)) / 10:.1f}"),
        Row(
            "docstring lines per 100",
            f"{per_thousand(docs) / 10:.1f} (+{per_thousand(attributes) / 10:.1f} of attributes)",
        ),
        Row(
            "type ignores + noqa / kLOC",
            f"{per_thousand(len(ignored) + len(excused)):.1f} ({len(ignored)} + {len(excused)})",
            (*ignored, *excused),
        ),
    ]


def _names(package: Package) -> list[Row]:
    large, many = large_classes(package, CLASS_METHODS_MAX), many_parameters(package)
    classes, count = len(package.classes), len(large)
    return [
        Row(
            f"classes > {CLASS_METHODS_MAX} methods",
            f"{count} of {classes} ({_percent(count, classes, digits=1)})",
            tuple(large),
        ),
        Row("functions with > 7 arguments", f"{len(many)}", tuple(many)),
        _shared("public class names used twice", duplicate_classes(package)),
        _shared("file names used twice or more", duplicate_files(package)),
    ]


def _shared(name: str, found: Mapping[str, list[Offender]]) -> Row:
    by_count = sorted(found, key=lambda each: (-len(found[each]), each))
    shown = ", ".join(f"{each} x{len(found[each])}" for each in by_count)
    offenders = tuple(one for places in found.values() for one in places)
    return Row(name, f"{len(found)} ({shown})" if found else "0", offenders)


def _habits(package: Package) -> list[Row]:
    per_thousand = package.per_thousand_lines
    taken, aliases = len(callable_parameters(package)), len(callable_aliases(package))
    return [
        Row(
            "Callable parameters + aliases / kLOC",
            f"{per_thousand(taken):.1f} + {per_thousand(aliases):.1f}",
        ),
        _share("module constants / kLOC", package, constants(package), digits=1),
    ]


def _tests(package: Package, tests: Package) -> list[Row]:
    replaced = mocks(tests)
    return [
        Row("test lines ÷ code lines", f"{tests.lines / max(package.lines, 1):.2f}"),
        Row(
            "test functions: median / p90 / longest lines",
            f"{_spread(suite_sizes(tests))} ({len(suite_functions(tests))} functions)",
        ),
        Row("mocks and patches in tests", f"{len(replaced)}", tuple(replaced)),
    ]


def _share(name: str, package: Package, found: list[Offender], digits: int = 2) -> Row:
    share = f"{package.per_thousand_lines(len(found)):.{digits}f}"
    offenders = tuple(found) if digits > 1 else ()
    return Row(name, f"{share} ({len(found)})", offenders)


def _spread(sizes: Spread) -> str:
    return f"{sizes.median:g} / {sizes.p90} / {sizes.longest}"


def _percent(part: int, whole: int, digits: int = 0) -> str:
    return f"{100 * part / whole if whole else 0:.{digits}f} %"


def as_text(rows: Iterable[Row]) -> str:
    """Draws the table as Markdown, its columns as wide as what they hold."""
    lines = [("measure", "figure"), *((row.measure, row.figure) for row in rows)]
    width = max(len(name) for name, _ in lines)
    drawn = [f"| {name:<{width}} | {figure} |" for name, figure in lines]
    return "\n".join([drawn[0], f"|{'-' * (width + 2)}|---|", *drawn[1:]])
