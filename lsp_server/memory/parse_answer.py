"""This module carries what a process read back to the index, as data.

A parser may fall to what it parses. So an answer is JSON of known shape, about the files
that were asked for: nothing in it is run, and no other file's rows change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from functools import cache

from pydantic import TypeAdapter

from lsp_server.memory.parsing import FileRead, ReadRequest


def encode_answer(reads: Sequence[FileRead]) -> bytes:
    """Returns the results as bytes. Half of a character, as files may have it, stays as it is."""
    names = [field.name for field in fields(FileRead)]
    return json.dumps([{name: getattr(read, name) for name in names} for read in reads]).encode()


def decode_answer(data: bytes, request: ReadRequest) -> list[FileRead]:
    """Returns the results that the bytes hold. Raises EOFError for anything else."""
    try:
        reads = _reads().validate_python(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise EOFError(f"no answer: {type(error).__name__}") from error
    if [read.path for read in reads] != list(request.paths):
        raise EOFError("an answer about other files")
    if any(row.get("path") != read.path for read in reads for row in read.rows or ()):
        raise EOFError("rows of other files")
    return reads


@cache
def _reads() -> TypeAdapter[list[FileRead]]:
    return TypeAdapter(list[FileRead])
