from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scripts.static_embedder.embedder import FILE, StaticEmbedder, pieces
from scripts.static_embedder.packages import BENCHMARKED, Package, listed
from scripts.static_embedder.pairs import pairs_of

PYTHON = '''\
"""Reads and writes settings of a person."""

class Settings:
    def load_file(self, path):
        """Load the settings from a file. A missing file gives none of them."""
        # Only files with a table at the top count here.
        with open(path) as file:
            return parse(file.read())

def settings_of_all_people(): ...
'''
BODY = """\
Settings.load_file
    def load_file(self, path):
        # Only files with a table at the top count here.
        with open(path) as file:
            return parse(file.read())
"""
SCRIPT = """\
/**
 * Load the settings from a file.
 * @param path where it is
 */
export function loadFile(path) {
  // Only files with a table count here.
  const text = read(path);
  return parse(text);
}
const next = loadFile("another");
"""


RUST = """\
/// Reads the settings of one person from a file.
pub fn load_settings(path: &Path) -> Result<Settings> {
    let text = fs::read_to_string(path)?;
    parse(&text)
}
"""


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("settings.py", PYTHON, ("Load the settings from a file.", BODY)),
        ("settings.py", PYTHON, ("A missing file gives none of them.", BODY)),
        (
            "settings.py",
            PYTHON,
            ("load file", BODY.removeprefix("Settings.load_file\n").replace("load_file", "")),
        ),
        (
            "settings.py",
            PYTHON,
            (
                "Reads and writes settings of a person.",
                "settings Settings load_file settings_of_all_people",
            ),
        ),
        (
            "settings.ts",
            SCRIPT,
            (
                "Load the settings from a file.",
                SCRIPT[SCRIPT.index("export") : SCRIPT.index("const next")],
            ),
        ),
        (
            "settings.ts",
            SCRIPT,
            (
                "Only files with a table count here.",
                SCRIPT[SCRIPT.index("  const text") :],
            ),
        ),
        (
            "settings.rs",
            RUST,
            (
                "Reads the settings of one person from a file.",
                RUST[RUST.index("pub") :],
            ),
        ),
        (
            "settings.rs",
            RUST,
            ("load settings", RUST[RUST.index("pub") :].replace("load_settings", "")),
        ),
    ],
)
def test_a_source_gives_texts_with_the_code_that_they_are_about(
    name: str, source: str, expected: tuple[str, str]
) -> None:
    assert expected in list(pairs_of(name, source))


@pytest.mark.parametrize(
    "source", ["def broken(", "fn a(" * 40, "# comment\n" * 5_000, "/**" * 5_000, ""]
)
def test_odd_sources_give_nothing(source: str) -> None:
    assert not [*pairs_of("a.py", source), *pairs_of("a.js", source), *pairs_of("a.rs", source)]


def test_no_package_of_a_benchmark_is_trained_on() -> None:
    packages = listed()
    assert len(packages) > 100
    assert not {package.name for package in packages} & BENCHMARKED
    assert len({package.sha256 for package in packages}) == len(packages)
    for package in packages:
        assert Package.parse(str(package)) == package


@pytest.fixture
def table(tmp_path: Path) -> StaticEmbedder:
    words = np.frombuffer(b"read\nfile\nsocket", np.uint8)
    rows = np.array([[127, 0], [127, 64], [0, 127]], np.int8)
    np.savez(tmp_path / FILE, words=words, rows=rows, scales=np.ones(3, np.float32))
    return StaticEmbedder.load(tmp_path)


async def test_a_text_is_the_sum_of_its_words(table: StaticEmbedder) -> None:
    vectors = await table.embed(["readFile", "file read read", "readfile", "socket", "§", ""])
    read, again, joined, socket, odd, empty = vectors
    assert read == again == joined
    assert socket == [0.0, 1.0]
    assert odd == empty == [1.0, 0.0]
    assert np.linalg.norm(read) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("word", "expected"), [("errorhandlers", (0, 1)), ("xerror", (0,)), ("er", ()), ("", ())]
)
def test_an_unknown_word_is_cut_into_known_ones(word: str, expected: tuple[int, ...]) -> None:
    assert pieces(word, {"error": 0, "handler": 1}) == expected
