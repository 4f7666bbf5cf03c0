"""How many of the nearest vectors an index alone finds, by the bits that it has of each number.

The texts are those of a base on this disk, as `--base FOLDER` of `benchmarks.team_memory_reader`
keeps it, and the vectors those of the model that ships. A look at the vectors themselves, of three
times as many as are wanted, is what a workspace's own table does; a base does without, as each of
these vectors lies elsewhere in the store.

    python -m benchmarks.team_memory_vectors FOLDER/memories/large [--pieces 6000] [--json FILE]
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import lancedb
import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, arguments, show
from benchmarks.team_memory_reader import QUESTIONS
from lsp_server.embedders.minilm import MiniLmEmbedder
from lsp_server.memory.base.base_schema import BASE_CHUNKS
from lsp_server.memory.base.unit_vectors import UnitVectors
from lsp_server.memory.chunk_schema import embedded_text
from lsp_server.memory.database import Database
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table_schema import TableSchema, VectorIndex
from lsp_server.memory.table_upkeep import VECTOR_INDEX_ROWS_MIN

NEAREST = 100
TEXTS_AT_ONCE = 64
INDEXES = (
    VectorIndex("l2", 1, refine=3),
    *(VectorIndex("l2", bits, refine=0) for bits in (1, 2, 3, 4, 5, 8)),
)


def texts_of(folder: Path, count: int) -> list[str]:
    """So many texts of a base, drawn without preference."""
    table = lancedb.connect(str(folder)).open_table(BASE_CHUNKS.name)
    rows = table.search().select(["symbol", "text"]).limit(table.count_rows()).to_arrow()
    texts = {embedded_text(row["symbol"], row["text"]) for row in rows.to_pylist()}
    return random.Random(1).sample(sorted(texts), count)


async def measured(
    index: VectorIndex, vectors: Sequence[Sequence[float]], questions: Sequence[Sequence[float]]
) -> Row:
    """A row: the share of the nearest that were found, and how wrong cosines are."""
    true: npt.NDArray[np.float64] = np.array(questions) @ np.array(vectors).T
    found: list[float] = []
    errors: list[float] = []
    schema = TableSchema(
        "vectors",
        1,
        {"key": "text", "vector": "vector"},
        dimension=len(vectors[0]),
        vector_index=index,
    )
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(StoragePlace(Path(folder).as_uri()), writes=True)
        table = await database.table(schema, writes=True)
        await table.add([{"key": str(n), "vector": one} for n, one in enumerate(vectors)])
        await table.upkeep.optimize()
        for question, cosines in zip(questions, true, strict=True):
            near = await table.search_vectors(question, NEAREST)
            best = {str(n) for n in np.argsort(-cosines)[:NEAREST]}
            found.append(len(best & near.keys()) / NEAREST)
            errors += [abs(cosine - cosines[int(key)]) for key, cosine in near.items()]
        database.close()
    return {
        "bits of a number": index.bits,
        "vectors looked at": index.refine * NEAREST,
        f"of the {NEAREST} nearest %": 100.0 * statistics.mean(found),
        "error of a cosine, thousandths": 1_000 * statistics.mean(errors),
    }


async def measure(folder: Path, pieces: int) -> list[Row]:
    embedder = UnitVectors(MiniLmEmbedder())
    texts = texts_of(folder, pieces)
    parts = [texts[at : at + TEXTS_AT_ONCE] for at in range(0, pieces, TEXTS_AT_ONCE)]
    vectors = [one for part in parts for one in await embedder.embed(part)]
    questions = await embedder.embed(QUESTIONS)
    return [await measured(index, vectors, questions) for index in INDEXES]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pieces", type=int, default=6_000)
    options = parser.parse_args()
    if options.pieces < VECTOR_INDEX_ROWS_MIN:
        parser.error(f"of fewer than {VECTOR_INDEX_ROWS_MIN} vectors there is no index")
    rows = asyncio.run(measure(options.folder, options.pieces))
    show(f"An index of {options.pieces} vectors", rows, options.json)


if __name__ == "__main__":
    main()
