"""The documentation: pages that are found, links that lead somewhere, lists that are fresh."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def pages(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        for target in entry.values():
            if isinstance(target, str):
                yield target
            else:
                yield from pages(target)


def test_every_page_is_in_the_navigation_once() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    named = sorted(pages(site["nav"]))
    assert named == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")), (
        "add the page to `nav` in zensical.toml"
    )


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Builds the pages of a folder, without a network where the machine can take it away."""
    alone = ["unshare", "--net", "--map-root-user"]
    probe = shutil.which(alone[0]) and subprocess.run([*alone, "true"], check=False, timeout=10)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(
        [*(alone if probe and probe.returncode == 0 else ()), *command],
        check=False,
        timeout=100,
        cwd=folder,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    return tmp_path


def test_the_site_builds_and_each_link_and_anchor_leads_somewhere(site: Path) -> None:
    built = build(site)
    assert built.returncode == 0, built.stdout + built.stderr
    names = {path.stem for path in (site / "out" / "site").glob("*.html")}
    assert names >= {path.stem for path in DOCS.glob("*.md")}


@pytest.mark.parametrize("link", ["nothing.md", "goals.md#nothing", "../README.md"])
def test_a_link_that_leads_nowhere_fails_the_build(site: Path, link: str) -> None:
    with (site / "docs" / "memory.md").open("a", encoding="utf-8") as page:
        page.write(f"\nSee [there]({link}).\n")
    assert build(site).returncode != 0


def test_the_lists_of_settings_and_commands_are_fresh() -> None:
    check = [sys.executable, "-m", "scripts.reference_pages", "--check"]
    done = subprocess.run(check, check=False, timeout=60, cwd=ROOT)
    assert done.returncode == 0, "run: python -m scripts.reference_pages"


def anchors(page: str) -> set[str]:
    """Returns what headings are called in addresses, as GitHub and the site call them."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CHANGELOG.md",
        "editor-client/editors/README.md",
    ],
)
def test_the_links_of_other_pages_lead_somewhere(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text("utf-8"))
    for path, anchor in links:
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target.read_text("utf-8")), f"{path}#{anchor}"
