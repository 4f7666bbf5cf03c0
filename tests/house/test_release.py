"""A release: the version everywhere, a heading in the change log, two builds that are the same."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lsp_server import __version__
from scripts.release import copy_tracked, differing, release, require_committed, write_lists
from scripts.release_version import CHANGELOG, PLACES, ReleaseRefused, prepare

ROOT = Path(__file__).parents[2]
DAY = dt.date(2026, 3, 1)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that a version is written into, as they are here."""
    for name in (*PLACES, CHANGELOG):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def texts(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text("utf-8") for name in (*PLACES, CHANGELOG)}


def test_every_place_has_the_version_of_now() -> None:
    for name, place in PLACES.items():
        found = re.findall(place, (ROOT / name).read_text("utf-8"))
        assert set(found) == {__version__}, name


def test_a_version_is_written_everywhere_and_nothing_else_changes(copy: Path) -> None:
    before = texts(copy)
    prepare(copy, "0.7.12", DAY)
    after = texts(copy)
    for name, place in PLACES.items():
        assert set(re.findall(place, after[name])) == {"0.7.12"}, name
        assert len(after[name].splitlines()) == len(before[name].splitlines())
        changed = sum(
            one != other
            for one, other in zip(before[name].splitlines(), after[name].splitlines(), strict=True)
        )
        assert changed == len(re.findall(place, before[name])), name


def test_what_was_not_released_stands_below_the_version(copy: Path) -> None:
    prepare(copy, "0.7.12", DAY)
    changes = (copy / CHANGELOG).read_text("utf-8")
    assert "## Unreleased\n\n## 0.7.12 (2026-03-01)\n\n" in changes


@pytest.mark.parametrize(
    ("version", "changes", "why"),
    [
        ("0.7", None, "is no version"),
        ("v0.7.0", None, "is no version"),
        ("0.7.0\n", None, "is no version"),
        ("../0", None, "is no version"),
        ("0.0.9", None, "is older"),
        ("0.7.0", "# Changelog\n\n## 0.6.0 (2026-01-01)\n\n- Old.\n", "nothing below"),
        ("0.7.0", "# Changelog\n\n## Unreleased\n\n## 0.6.0 (2026-01-01)\n", "nothing below"),
        ("0.7.0", "# C\n\n## Unreleased\n\n- New.\n\n## 0.7.0 (2026-01-01)\n", "already"),
    ],
)
def test_what_cannot_be_released_is_refused_and_nothing_is_written(
    version: str, changes: str | None, why: str, copy: Path
) -> None:
    if changes is not None:
        (copy / CHANGELOG).write_text(changes, "utf-8")
    before = texts(copy)
    with pytest.raises(ReleaseRefused, match=why):
        prepare(copy, version, DAY)
    assert texts(copy) == before


def test_a_file_without_a_version_is_named(copy: Path) -> None:
    (copy / "registry" / "agent.json").write_text("{}", "utf-8")
    with pytest.raises(ReleaseRefused, match=r"registry/agent\.json"):
        prepare(copy, "0.7.0", DAY)


def test_files_that_differ_or_are_missing_are_named(tmp_path: Path) -> None:
    for name, text in (("a", "same"), ("b", "same"), ("c", "one"), ("d", "other")):
        (tmp_path / name).write_text(text)
    a, b, c, d = (tmp_path / name for name in "abcd")
    assert differing({"x": a}, {"x": b}) == []
    assert differing({"x": a, "y": c}, {"x": b, "y": d}) == ["y"]
    assert differing({"x": a, "y": c}, {"x": b}) == ["y"]


def test_the_lists_name_each_file_and_its_checksum(tmp_path: Path) -> None:
    wheel = tmp_path / "holdfast.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("holdfast/a.py", "x = 1\n")
    write_lists(tmp_path, {wheel.name: wheel})
    assert "- `holdfast/a.py` 6\n" in (tmp_path / "CONTENTS.md").read_text("utf-8")
    check = ["sha256sum", "--check", "SHA256SUMS"]
    assert subprocess.run(check, cwd=tmp_path, check=False, timeout=30).returncode == 0


def test_what_git_does_not_track_is_in_no_release(tmp_path: Path) -> None:
    project, copied = tmp_path / "project", tmp_path / "copied"
    project.mkdir()
    for name in ("tracked", "untracked", "gone"):
        (project / name).write_text(name)
    for arguments in (["init", "-q"], ["add", "tracked", "gone"]):
        subprocess.run(["git", *arguments], cwd=project, check=True, timeout=30)
    (project / "gone").unlink()
    copy_tracked(project, copied)
    assert [path.name for path in copied.iterdir()] == ["tracked"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    with pytest.raises(ReleaseRefused, match="is not empty"):
        release(ROOT, "99.0.0", DAY, tmp_path)
    assert (tmp_path / "precious").read_text() == "kept"


def test_no_release_is_made_of_what_is_in_no_commit(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        someone = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com"]
        subprocess.run(["git", *someone, *arguments], cwd=tmp_path, check=True, timeout=30)

    (tmp_path / "a").write_text("one")
    git("init", "-q")
    git("add", "a")
    git("commit", "-qm", "One")
    require_committed(tmp_path)
    (tmp_path / "a").write_text("two")
    with pytest.raises(ReleaseRefused, match=r"commit first.*: a$"):
        require_committed(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not (shutil.which("uv") and shutil.which("npm")), reason="needs uv and npm")
def test_two_builds_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.release", "99.0.0", "--dry-run", "--out"]
    done = subprocess.run(
        [*command, str(tmp_path / "out")],
        cwd=ROOT,
        check=False,
        timeout=850,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    wheel, source, extension = (
        tmp_path / "out" / name
        for name in (
            "holdfast-99.0.0-py3-none-any.whl",
            "holdfast-99.0.0.tar.gz",
            "holdfast-99.0.0.vsix",
        )
    )
    assert source.exists()
    with zipfile.ZipFile(extension) as packed:
        carried = packed.read(f"extension/dist/server/{wheel.name}")
    assert carried == wheel.read_bytes(), "the extension brings the very wheel that is released"
    assert __version__ != "99.0.0"
