"""Public source code for benchmarks: packages of registries, fetched once and kept unpacked.

    folder = python_package("django==5.2.8")

What cannot be fetched raises SourceMissing, which says what was tried.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from platformdirs import user_cache_path

FETCH_SECONDS_MAX = 300.0
DOCUMENTED = (
    "django==5.2.8",
    "flask==3.1.2",
    "httpx==0.28.1",
    "networkx==3.5",
    "requests==2.32.5",
    "scrapy==2.13.3",
    "sqlalchemy==2.0.44",
)
"""Well documented packages: more than 5,000 public functions with a docstring."""

COMMITTER = MappingProxyType(
    {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (
            ("NAME", "benchmark"),
            ("EMAIL", "benchmark@localhost"),
            ("DATE", "2026-01-01T00:00:00Z"),
        )
    }
)


class SourceMissing(Exception):
    """A package that is not kept here and cannot be fetched."""


def standard_library() -> Path:
    return Path(sysconfig.get_paths()["stdlib"])


def python_package(requirement: str) -> Path:
    """A package's files as its wheel has them."""

    def fetch(target: Path) -> None:
        flags = ("--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(target))
        _run((sys.executable, "-m", "pip", "download", *flags, requirement), target)
        for wheel in target.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target)
            wheel.unlink()

    return _kept(requirement, fetch)


def source_distribution(requirement: str, sha256: str) -> Path:
    """A package's source distribution as a git repository of one commit, named as the package."""

    def fetch(target: Path) -> None:
        name = requirement.partition("==")[0]
        wanted = target / "wanted.txt"
        wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n")
        flags = ("--no-deps", "--no-binary", ":all:", "--quiet", "--dest", str(target))
        _run(
            (
                sys.executable,
                "-m",
                "pip",
                "download",
                *flags,
                "--require-hashes",
                "-r",
                str(wanted),
            ),
            target,
        )
        wanted.unlink()
        for packed in target.glob("*.tar.gz"):
            with tarfile.open(packed) as archive:
                archive.extractall(target / ".unpacked", filter="data")
            packed.unlink()
        (unpacked,) = (target / ".unpacked").iterdir()
        unpacked.rename(target / name)
        (target / ".unpacked").rmdir()
        _commit(target / name)

    return _kept(f"source {requirement}", fetch) / requirement.partition("==")[0]


def npm_package(name: str) -> Path:
    def fetch(target: Path) -> None:
        _run(("npm", "pack", "--silent", name), target)
        for packed in target.glob("*.tgz"):
            with tarfile.open(packed) as archive:
                archive.extractall(target, filter="data")
            packed.unlink()

    return _kept(name, fetch)


def debian_package(name: str) -> Path:
    def fetch(target: Path) -> None:
        _run(("apt-get", "download", name), target)
        for packed in target.glob("*.deb"):
            _run(("dpkg-deb", "--extract", str(packed), str(target)), target)
            packed.unlink()

    return _kept(name, fetch)


def files(root: Path, suffixes: Sequence[str], skipped: Sequence[str] = ()) -> Iterator[Path]:
    """In order, without folders of these names."""
    for path in sorted(root.rglob("*")):
        within = path.relative_to(root).parts[:-1]
        if path.suffix in suffixes and path.is_file() and not set(within) & set(skipped):
            yield path


def _kept(name: str, fetch: Callable[[Path], None]) -> Path:
    folder = user_cache_path("holdfast-benchmarks") / name.replace("/", "_")
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        fetch(partial)
        partial.rename(folder)
    return folder


def _commit(folder: Path) -> None:
    """Makes a repository of a folder; the same files give the same commit."""
    for command in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all", "--force"),
        ("commit", "--quiet", "--message", "The source distribution"),
    ):
        flags = ("-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false")
        _run(("git", *flags, *command), folder, COMMITTER)


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] = MappingProxyType({})
) -> None:
    try:
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=FETCH_SECONDS_MAX,
            env={**os.environ, **environment},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SourceMissing(f"{' '.join(command[:4])} … failed: {error}") from error
