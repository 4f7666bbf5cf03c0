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
from typer.core import TyperGroup
from typer.main import get_command

from lsp_server.cli.app import app

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


COMMAND_PAGES = ("README.md", "CHANGELOG.md", "editor-client/README.md", "docs/*.md")


def commands_written(page: str) -> Iterator[str]:
    """Yields what a reader would type of `holdfast` in a page, without its quoted texts."""
    code = re.findall(r"^ *```(?:sh|console)\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    for line in "\n".join([*code, *re.findall(r"`(holdfast [^`\n]+)`", page)]).splitlines():
        bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", line)
        yield from re.findall(r"(?:^|[\s|(/])(holdfast [a-z][^|#;&\\]*)", bare)


def unknown_words(written: str) -> list[str]:
    """Names the command or the flags of a line that Holdfast does not have.

    >>> unknown_words("holdfast run --yes --fast"), unknown_words("holdfast dance")
    (['--fast'], ['dance'])
    """
    command = get_command(app)
    words = written.split()[1:]
    while isinstance(command, TyperGroup):
        found = command.commands.get(words[0]) if words else None
        if found is None:
            return words[:1] if command.name == "holdfast" else []
        command, words = found, words[1:]
    if command.name == "serve":
        return []  # It reads its own flags.
    known = {"--help", "-h", *(each for one in command.params for each in one.opts)}
    return [word for word in words if re.match(r"--?[a-z]", word) and word not in known]


@pytest.mark.parametrize(
    "page",
    sorted(path for pattern in COMMAND_PAGES for path in ROOT.glob(pattern)),
    ids=lambda page: page.name,
)
def test_the_commands_that_a_page_names_are_there_with_their_flags(page: Path) -> None:
    wrong = {each: unknown_words(each) for each in commands_written(page.read_text("utf-8"))}
    assert not {each: words for each, words in wrong.items() if words}


@pytest.mark.parametrize("line", ["holdfast run --fast", "holdfast dance", "holdfast goals --chek"])
def test_a_command_that_is_not_there_is_found(line: str) -> None:
    assert [each for one in commands_written(f"```sh\n{line}\n```") for each in unknown_words(one)]
