"""This script makes a release, up to what a person publishes.

    python -m scripts.release VERSION [--date YYYY-MM-DD] [--out FOLDER] [--dry-run]

It builds the wheel, the source distribution and the extension for VS Code twice, from two
copies of the files that git tracks, and fails unless both are the same byte for byte. What was
built lies in FOLDER (`out/release/VERSION`) with `SHA256SUMS` and `CONTENTS.md`, the list of
what is inside. Only then are the version and the heading of the change log written into the
working tree, which must be committed; with `--dry-run` they are not. Nothing is committed, tagged or uploaded.

Needs uv, Node 20 or newer with npm, and a package index.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from scripts.release_version import ReleaseRefused, prepare

ROOT = Path(__file__).parents[1]
BUILD_SECONDS = 1200


def copy_tracked(root: Path, copy: Path) -> None:
    """Copies the files that git tracks, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, timeout=60
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, copy / name)
            (copy / name).chmod((root / name).stat().st_mode & 0o777)


def uncommitted(root: Path) -> list[str]:
    """Returns the tracked files that differ from the last commit."""
    status = ["git", "status", "--porcelain", "--untracked-files=no"]
    done = subprocess.run(status, cwd=root, check=True, capture_output=True, text=True, timeout=60)
    return [line[3:] for line in done.stdout.splitlines()]


def build(copy: Path, version: str, moment: int) -> dict[str, Path]:
    """Builds all that a release has in a folder of its own; returns the files by their names."""
    dist, client = copy / "dist", copy / "editor-client"
    _run(copy, moment, "uv", "build", "--quiet", "--no-create-gitignore", "--out-dir", str(dist))
    _run(client, moment, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    _run(client, moment, "npm", "run", "--silent", "package")
    shutil.copyfile(client / "holdfast.vsix", dist / f"holdfast-{version}.vsix")
    return {path.name: path for path in sorted(dist.iterdir())}


def _run(folder: Path, moment: int, *command: str) -> None:
    # Builders date what they pack by this variable.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment), "NO_COLOR": "1", "TZ": "UTC"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=False,
        timeout=BUILD_SECONDS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise ReleaseRefused(f"`{' '.join(command)}` failed:\n{done.stdout[-3000:]}")


def differing(one: dict[str, Path], other: dict[str, Path]) -> list[str]:
    """Returns the names of files that are not the same byte for byte in both."""
    return [
        name
        for name in sorted({*one, *other})
        if name not in one or name not in other or digest(one[name]) != digest(other[name])
    ]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents(path: Path) -> Iterator[tuple[str, int]]:
    """Yields the name and size of each file in a wheel, an extension or a source distribution."""
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            yield from ((each.name, each.size) for each in archive.getmembers() if each.isfile())
    else:
        with zipfile.ZipFile(path) as packed:
            yield from ((each.filename, each.file_size) for each in packed.infolist())


def write_lists(folder: Path, built: dict[str, Path]) -> None:
    """Writes the checksums, and what is inside, beside what was built."""
    sums = "".join(f"{digest(path)}  {name}\n" for name, path in built.items())
    (folder / "SHA256SUMS").write_text(sums, "utf-8")
    lines = ["# What is inside", ""]
    for name, path in built.items():
        files = sorted(contents(path))
        lines += [f"## {name}", "", f"{path.stat().st_size:,} bytes, {len(files)} files", ""]
        lines += [f"- `{inside}` {size:,}" for inside, size in files]
        lines.append("")
    (folder / "CONTENTS.md").write_text("\n".join(lines), "utf-8")


def release(root: Path, version: str, day: dt.date, out: Path) -> dict[str, Path]:
    """Builds twice, compares and keeps; returns what is kept. Raises ReleaseRefused."""
    if out.exists() and any(out.iterdir()):
        raise ReleaseRefused(f"{out} is not empty; name another folder with --out, or remove it")
    missing = [program for program in ("git", "uv", "npm") if shutil.which(program) is None]
    if missing:
        raise ReleaseRefused(f"not installed: {', '.join(missing)}")
    moment = int(dt.datetime.combine(day, dt.time(12), dt.UTC).timestamp())
    with tempfile.TemporaryDirectory(prefix="holdfast-release-") as scratch:
        builds = []
        for name in ("one", "other"):
            copy = Path(scratch) / name
            copy_tracked(root, copy)
            prepare(copy, version, day)
            print(f"building in {copy}", flush=True)
            builds.append(build(copy, version, moment))
        if different := differing(*builds):
            raise ReleaseRefused(f"two builds are not the same: {', '.join(different)}")
        out.mkdir(parents=True, exist_ok=True)
        kept = {name: Path(shutil.copyfile(path, out / name)) for name, path in builds[0].items()}
    write_lists(out, kept)
    return kept


NEXT = """
Look at {out}/CONTENTS.md. Then, yours to do:

    python -m scripts.record_data_folder     # what this version leaves on disk
    uv lock && .ci/run
    git commit -am "Release {version}" && git tag -s v{version} && git push --follow-tags
    uv publish {out}/*.whl {out}/*.tar.gz
    npx vsce publish --packagePath {out}/holdfast-{version}.vsix
"""


def require_committed(root: Path) -> None:
    """Raises ReleaseRefused where the files are those of no commit."""
    if changed := uncommitted(root):
        raise ReleaseRefused(f"commit first, or try it with --dry-run: {', '.join(changed)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version", help="as in 0.2.0")
    today = dt.datetime.now(dt.UTC).date()
    parser.add_argument("--date", type=dt.date.fromisoformat, default=today)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="leave the working tree as it is")
    wished = parser.parse_args()
    out = wished.out or ROOT / "out" / "release" / wished.version
    try:
        if not wished.dry_run:
            require_committed(ROOT)
        kept = release(ROOT, wished.version, wished.date, out)
        if not wished.dry_run:
            prepare(ROOT, wished.version, wished.date)
    except ReleaseRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    for name, path in kept.items():
        print(f"{digest(path)}  {name}  {path.stat().st_size:,} bytes")
    print(NEXT.format(out=out, version=wished.version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
