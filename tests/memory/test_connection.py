"""What a process holds once LanceDB is loaded; each in a process of its own, which it changes."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

LOADED = """
import asyncio, sys, tempfile
from lsp_server.memory.connection import connect
from lsp_server.memory.storage_place import StoragePlace

with tempfile.TemporaryDirectory() as folder:
    asyncio.run(connect(StoragePlace(folder), writes=True))
"""
LEFT_OUT = "print(*(name for name in sys.modules if name.startswith('lance_namespace_urllib3_client.api')))"
FEW_TYPES = """
print(sum(name.startswith('lance_namespace_urllib3_client.models.') for name in sys.modules) < 40)
"""
OVERRIDES = """
import overrides
print(overrides.__spec__ is not None, hasattr(overrides, "final"))
"""
TWO_AT_ONCE = """
async def both():
    async def one():
        with tempfile.TemporaryDirectory() as folder:
            await connect(StoragePlace(folder), writes=True)
    await asyncio.gather(one(), one())
    print("both")
asyncio.run(both())
"""
POOL = "import pyarrow; print(pyarrow.default_memory_pool().backend_name)"

PIECES = """
import ctypes, psutil

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def held_after(count, size=256 * 1024):
    '''What stays of many pieces when all but the last are given back.'''
    before = psutil.Process().memory_info().rss
    pieces = [libc.malloc(size) for _ in range(count)]
    for piece in pieces:
        ctypes.memset(piece, 1, size)
    for piece in pieces[:-1]:
        libc.free(piece)
    return psutil.Process().memory_info().rss - before

held_after(2)  # The C library learns from what is freed which size is usual.
print(held_after(200) // 10**6)
"""


NEEDS_IT_WHOLE = """
import lsp_server.memory.connection as connection

whole = connection._import_modules
def import_modules():
    import lance_namespace_urllib3_client
    if not hasattr(lance_namespace_urllib3_client, "ApiClient"):
        raise ImportError("cannot import name 'ApiClient'")
    return whole()
connection._import_modules = import_modules
"""


def said_by(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("look", "sees"),
    [(LEFT_OUT, ""), (FEW_TYPES, "True"), (OVERRIDES, "True True"), (POOL, "system")],
)
def test_only_what_is_used_is_loaded(look: str, sees: str) -> None:
    assert said_by(f"{LOADED}\n{look}") == sees


def test_two_memories_may_be_opened_at_once() -> None:
    imports = LOADED.partition("with tempfile")[0]
    assert said_by(f"{imports}\n{TWO_AT_ONCE}") == "both"


def test_what_is_left_out_is_loaded_where_a_release_needs_it() -> None:
    seen = "import lance_namespace_urllib3_client as rest; print(hasattr(rest, 'ApiClient'))"
    assert said_by(f"{NEEDS_IT_WHOLE}\n{LOADED}\n{seen}") == "True"


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="this C library has no pools")
def test_what_is_freed_goes_back_to_the_system() -> None:
    bound = "from lsp_server.system.startup import limit_malloc_pools\nlimit_malloc_pools()"
    assert int(said_by(PIECES)) > 40, "the program does not show what it is for"
    assert int(said_by(f"{bound}\n{PIECES}")) < 10
