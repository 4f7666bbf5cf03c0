"""This module makes the process start quickly and stay small, by tricks that concern all of it.

They are here and nowhere else, as each changes what the whole process shares:
the garbage collector, the table of modules, the environment, the C library.
Each is called once, before what it is about is imported. The figures below are
medians of `python -m benchmarks.startup_tricks` on two cores:

    relax_garbage_collection            the answer to `initialize`:   65 of 378 ms
    compile_dataclass_methods_when_called
                                        the import of a session:  335 of 1609 ms
    leave_out_command_line_of_httpx     the import of httpx:           58 of 146 ms
    leave_out_rest_client_of_lancedb    the opening of memory:      1484 of 2463 ms
    freeze_garbage_collection           each full collection later:   27 of 27 ms
    limit_malloc_pools                  kept of 52 MB that are free:  52 of 52 MB
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import gc
import importlib.util
import os
import re
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

OBJECTS_AT_START = 200_000
"""New objects between two collections; more than a start makes in all."""
OBJECTS = 700
"""Python's own threshold."""

LANCEDB_REST_CLIENT = ("lance_namespace_urllib3_client", "lance_namespace_urllib3_client.models")
"""LanceDB wants a few of its types. Its `__init__` imports what talks to servers that nobody
asked for, and takes longer to load than all the rest."""
LANCEDB_CATALOGUES = "lance_namespace"
"""Catalogues of tables, kept by such servers; it imports each of 140 types of the client."""
OVERRIDES = "overrides"
"""LanceDB's own check that it overrides what it means to, each time that it is loaded."""

DATACLASS_METHODS = frozenset({"__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__"})
"""Of the methods that `dataclass` makes, those that are seldom called and have no signature of
the class's own."""

MALLOC_POOLS_MAX = 4
"""Threads beyond it share them."""
MALLOC_LARGE_BYTES = 128 * 1024
"""A larger piece is a mapping of its own, and as much free space at a pool's end is given back."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""As glibc's malloc.h numbers them."""


def relax_garbage_collection() -> None:
    """Lets Python look for garbage seldom while the process starts, since a start makes none."""
    gc.set_threshold(OBJECTS_AT_START)


def restore_garbage_collection() -> None:
    """Ends what `relax_garbage_collection` began, and leaves what the start made out of it."""
    freeze_garbage_collection()
    gc.set_threshold(OBJECTS)


def freeze_garbage_collection() -> None:
    """Leaves all that is there now out of every later collection: it stays until the end anyway."""
    gc.freeze()


def compile_dataclass_methods_when_called() -> None:
    """Lets `dataclass` compile the text of DATACLASS_METHODS at their first call.

    Python compiles up to six methods of each class while a module is imported; a start imports
    hundreds of classes, and calls few of these. Does nothing from Python 3.13 on, which
    compiles the methods of a class together, in a fraction of the time.
    """
    if create := getattr(dataclasses, "_create_fn", None):
        lazily = functools.partial(_method, create)
        dataclasses._create_fn = lazily  # type: ignore[attr-defined]  # noqa: SLF001 - the one door


def _method(
    create: Callable[..., Callable[..., Any]],
    name: str,
    arguments: Sequence[str],
    body: Sequence[str],
    **context: Any,
) -> Callable[..., Any]:
    """Returns what `create` makes of the text, or for DATACLASS_METHODS what makes it when called."""
    if name not in DATACLASS_METHODS:
        return create(name, arguments, body, **context)
    compiled: Callable[..., Any] | None = None

    def method(*given: Any) -> Any:
        nonlocal compiled
        if compiled is None:
            compiled = create(name, arguments, body, **context)
        return compiled(*given)

    method.__name__ = name
    return method


def leave_out_command_line_of_httpx() -> None:
    """Keeps httpx from importing rich, click and pygments.

    httpx does without its own command line where these are not installed, and an
    entry of None is how Python says that a module is not.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def prepare_lancedb() -> None:
    """Does what is due before LanceDB is imported."""
    # Its Rust half writes warnings to standard error, which an editor may show.
    os.environ.setdefault("LANCEDB_LOG", "error")
    limit_malloc_pools()
    leave_out_rest_client_of_lancedb()


def leave_out_rest_client_of_lancedb() -> None:
    """Puts packages that LanceDB imports into the table of modules without running their `__init__`.

    Their submodules can be imported all the same. What is imported from `lance_namespace`
    comes from the submodule that defines it, or is an empty class: LanceDB names the
    catalogues of other servers in annotations.
    """
    for package in (*LANCEDB_REST_CLIENT, LANCEDB_CATALOGUES):
        if package not in sys.modules and (spec := importlib.util.find_spec(package)):
            sys.modules[package] = importlib.util.module_from_spec(spec)
            if package == LANCEDB_CATALOGUES:
                sys.modules[package].__dict__["__getattr__"] = _catalogue_name


@functools.cache
def _catalogue_name(name: str) -> object:
    """Returns a type of the REST client by its name, from its own module, or a class without content."""
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    try:
        return getattr(importlib.import_module(f"{LANCEDB_REST_CLIENT[-1]}.{module}"), name)
    except ModuleNotFoundError:
        if name.startswith("__"):
            raise AttributeError(name) from None
        return type(name, (), {})


@contextmanager
def leave_out_checks_of_overrides() -> Iterator[None]:
    """Has a module in the place of `overrides`, whose decorators check each class while it is made."""
    there = sys.modules.get(OVERRIDES)
    stand_in = types.ModuleType(OVERRIDES)
    stand_in.__dict__.update(override=_unchanged, overrides=_unchanged, EnforceOverrides=object)
    sys.modules[OVERRIDES] = stand_in
    try:
        yield
    finally:
        del sys.modules[OVERRIDES]
        if there is not None:
            sys.modules[OVERRIDES] = there


def _unchanged(method: T) -> T:
    return method


def bring_back_rest_client_of_lancedb() -> None:
    """Makes the next import load all of it whole, for releases of LanceDB that need it so."""
    packages = {LANCEDB_REST_CLIENT[0], LANCEDB_CATALOGUES, "lancedb"}
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]


def limit_malloc_pools() -> None:
    """Bounds the C library's pools, before the threads are there that would each ask for one.

    Rows, indexes and their pieces come and go in bursts, on two dozen threads. With a
    pool for nearly each of them most of what a process holds would be in use by nobody.
    Does nothing where the C library is not glibc.
    """
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        set_option(_ARENA_MAX, MALLOC_POOLS_MAX)
        set_option(_TRIM_THRESHOLD, MALLOC_LARGE_BYTES)
        set_option(_MMAP_THRESHOLD, MALLOC_LARGE_BYTES)


def disable_telemetry_of_onnxruntime() -> None:
    """Keeps onnxruntime from reporting its use to its maker; due before it is imported."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
