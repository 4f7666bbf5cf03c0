"""The packages that a table is trained on: which, and how they come here.

`packages.txt` names them, one a line: registry, name, version, sha256 of the archive, licence. A
`pypi` package comes as a wheel, an `sdist` as its sources, which have what is written in other
languages.
None of them is asked about by a benchmark, and copies of those that packages carry inside are
left out (see `BENCHMARKED`).

    python -m scripts.static_embedder.packages ARCHIVE ...   # prints lines for packages.txt
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin
from urllib.request import Request, urlopen

LIST = Path(__file__).with_name("packages.txt")
FETCH_SECONDS_MAX = 600.0
INDEX = "https://pypi.org/simple"
"""Asked for sources where pip is not set to another one, as pip itself would build them."""
TOGETHER = 20
"""Packages that one command fetches."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")
COMMANDS = {
    "pypi": (
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"),
        *("--only-binary", ":all:", "--python-version", "3.12"),
        *(flag for platform in PLATFORMS for flag in ("--platform", platform)),
    ),
    "npm": ("npm", "pack", "--silent", "--ignore-scripts"),
}
"""What downloads archives into the working folder. Nothing of them is run."""
SOURCE_CHARS_MAX = 400_000
"""A longer file is generated or bundled."""
SUFFIXES = frozenset(
    """
    .py .pyx .js .mjs .ts .tsx .jsx .rs .c .h .cc .cpp .hpp .java .kt .swift .m .mm .cs .go .rb
    .php .lua .sh
    """.split()  # noqa: SIM905 - a list of a word a line hides what is in it
)
BENCHMARKED = frozenset(
    """
    django flask httpx networkx requests scrapy sqlalchemy aiohttp fastapi model2vec pydantic
    starlette click axios express redux trpc zod vitest
    alamofire axum chi circe cobra curl dapper ecto exposed fmt gin gson ktor libuv libcurl monolog
    newtonsoft nlohmann nvm phoenix plug rack serde sinatra vapor
    """.split()  # noqa: SIM905 - as above
)
"""Folders and files of these names are copies of what benchmarks ask about."""
SKIPPED = frozenset(
    """
    _vendor vendor third_party node_modules cargo min umd locale locales prebuilt
    """.split()  # noqa: SIM905 - as above
)


@dataclass(frozen=True, slots=True)
class Package:
    """One archive of a registry, and under which licence it is."""

    registry: str
    name: str
    version: str
    sha256: str
    licence: str

    @classmethod
    def parse(cls, line: str) -> Package:
        registry, name, version, sha256, licence = line.split(maxsplit=4)
        return cls(registry, name, version, sha256, licence)

    def __str__(self) -> str:
        return f"{self.registry} {self.name} {self.version} {self.sha256} {self.licence}"


def listed(path: Path = LIST) -> list[Package]:
    """All packages of the list."""
    lines = path.read_text("utf-8").splitlines()
    return [Package.parse(line) for line in lines if line and not line.startswith("#")]


def archive(package: Package, cache: Path) -> Path:
    """Where a package's archive is kept."""
    return cache / f"{package.sha256}{'.whl' if package.registry == 'pypi' else '.tgz'}"


def fetch(packages: Sequence[Package], cache: Path) -> None:
    """Fetches what is not kept yet. Exits where a registry gives another archive than is listed."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [package for package in packages if not archive(package, cache).is_file()]
    for registry in COMMANDS:
        some = [package for package in missing if package.registry == registry]
        for start in range(0, len(some), TOGETHER):
            _fetch_some(registry, some[start : start + TOGETHER], cache)
    if sources_only := [package for package in missing if package.registry == "sdist"]:
        index = _index()
        for package in sources_only:
            _fetch_source(index, package, cache)


def _index() -> str:
    """The address of the index that pip asks."""
    command = (sys.executable, "-m", "pip", "config", "get", "global.index-url")
    set_to = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return (set_to or INDEX).rstrip("/")


def _fetch_source(index: str, package: Package, cache: Path) -> None:
    """Fetches the sources of a package of Python, by their checksum in the index."""
    page = f"{index}/{package.name}/"
    asked = Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urlopen(asked, timeout=FETCH_SECONDS_MAX) as answer:
        listed_files = json.load(answer)["files"]
    urls = [one["url"] for one in listed_files if one["hashes"].get("sha256") == package.sha256]
    if not urls:
        raise SystemExit(f"{package.name} {package.version}: no archive {package.sha256}")
    with urlopen(urljoin(page, urls[0]), timeout=FETCH_SECONDS_MAX) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != package.sha256:
        raise SystemExit(f"{package.name} {package.version}: another archive than is listed")
    archive(package, cache).write_bytes(data)


def _fetch_some(registry: str, packages: Sequence[Package], cache: Path) -> None:
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        command = list(COMMANDS[registry])
        between = "==" if registry == "pypi" else "@"
        command += [f"{package.name}{between}{package.version}" for package in packages]
        subprocess.run(
            command, cwd=scratch, check=True, capture_output=True, timeout=FETCH_SECONDS_MAX
        )
        found = {sha256_of(path): path for path in Path(scratch).iterdir()}
        for package in packages:
            if package.sha256 not in found:
                raise SystemExit(f"{package.name} {package.version}: no archive {package.sha256}")
            found[package.sha256].rename(archive(package, cache))


def sources(path: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of an archive's source files, in the order of names."""
    for name, data in sorted(_files(path)):
        parts = PurePosixPath(name).parts
        names = {part.removesuffix(".py").lower() for part in parts}
        if names & BENCHMARKED or names & SKIPPED or ".min." in name:
            continue
        text = data.decode("utf-8", "replace")
        if len(text) <= SOURCE_CHARS_MAX:
            yield name, text


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            for name in zipped.namelist():
                if PurePosixPath(name).suffix in SUFFIXES:
                    yield name, zipped.read(name)
        return
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as packed:
        for member in packed:
            file = packed.extractfile(member) if member.isfile() else None
            if file is not None and PurePosixPath(member.name).suffix in SUFFIXES:
                yield member.name, file.read()


def described(path: Path) -> Package:
    """What an archive says of itself: its name, version and licence."""
    digest = sha256_of(path)
    if path.suffix == ".tgz":
        said = json.loads(_first(path, r"[^/]+/package.json"))
        return Package("npm", said["name"], said["version"], digest, str(said.get("license")))
    if path.suffix == ".gz":
        registry, written = "sdist", _first(path, r"[^/]+/PKG-INFO")
    else:
        with zipfile.ZipFile(path) as zipped:
            name = next(n for n in zipped.namelist() if n.endswith(".dist-info/METADATA"))
            registry, written = "pypi", zipped.read(name)
    head = BytesParser().parsebytes(written, headersonly=True)
    named = [c.rsplit(" :: ", 1)[-1] for c in head.get_all("Classifier", []) if "License ::" in c]
    licence = head["License-Expression"] or " / ".join(named) or head["License"] or "unknown"
    licence = licence.splitlines()[0][:60]
    return Package(registry, head["Name"].lower(), head["Version"], digest, licence)


def _first(path: Path, pattern: str) -> bytes:
    """The first file of a packed archive whose name fits."""
    with tarfile.open(path) as packed:
        name = next(n for n in packed.getnames() if re.fullmatch(pattern, n))
        file = packed.extractfile(name)
        assert file is not None
        return file.read()


def main() -> None:
    parser = argparse.ArgumentParser(description="Print a line for each archive.")
    parser.add_argument("archive", nargs="+", type=Path)
    for path in parser.parse_args().archive:
        print(described(path))


if __name__ == "__main__":
    main()
