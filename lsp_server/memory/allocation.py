"""This module gives what Arrow frees back to the system.

Arrow would keep a pool of its own beside the C library's, most of it in use by
nobody. The C library's are bounded by `system/startup.py`.
"""

from __future__ import annotations


def share_pools() -> None:
    """Makes Arrow use the C library's memory. Loads pyarrow."""
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy

    pa.set_memory_pool(pa.system_memory_pool())
