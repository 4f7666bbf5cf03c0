"""Trains the table from nothing: fetches the packages, makes pairs, trains, writes `table.npz`.

    python -m scripts.static_embedder OUT \
        [--seconds 600] [--steps 2000] [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
from functools import partial
from pathlib import Path

from scripts.static_embedder import pairs as pairs_module
from scripts.static_embedder.meanings import meanings
from scripts.static_embedder.packages import LIST, fetch, listed, sha256_of
from scripts.static_embedder.pairs import read_pairs
from scripts.static_embedder.train import train, write_table

HELD_OUT = frozenset({"celery", "xarray", "jinja2", "kombu", "koa", "ol"})
"""Packages whose pairs say when to stop."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/holdfast-static-embedder"))
    options = parser.parse_args()
    cache = options.cache.expanduser()
    packages = listed()
    made_by = hashlib.sha256(LIST.read_bytes() + Path(pairs_module.__file__).read_bytes())
    kept = cache / f"pairs-{made_by.hexdigest()[:16]}.pickle"
    if kept.is_file():
        pairs = pickle.loads(kept.read_bytes())
    else:
        fetch(packages, cache)
        pairs = read_pairs(packages, cache, os.cpu_count() or 1)
        kept.write_bytes(pickle.dumps(pairs, protocol=5))
    held_out = [n for n, package in enumerate(packages) if package.name in HELD_OUT]
    meanings_of = partial(meanings, processes=os.cpu_count() or 1)
    words, table = train(pairs, meanings_of, held_out, options.seconds, options.steps)
    path = write_table(options.out, words, table)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, sha256 {sha256_of(path)}")


if __name__ == "__main__":
    main()
