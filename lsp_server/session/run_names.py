"""This module knows what a run can be called, as its name comes from outside and becomes that of a folder."""

from __future__ import annotations

import re

from lsp_server.domain.tasks import RunId
from lsp_server.session.run_errors import RunNotFound

SHOWN_CHARS_MAX = 40

_RUN_ID = re.compile(r"[A-Za-z0-9_][\w.-]{0,200}", re.ASCII)


def run_named(value: str) -> RunId:
    r"""Returns the id of a run as it came from outside. Raises RunNotFound for what no run is called.

    >>> run_named("20260101-120000-000000.2")
    '20260101-120000-000000.2'
    >>> run_named("../x")
    Traceback (most recent call last):
    lsp_server.session.run_errors.RunNotFound: run '../x' is unknown
    """
    if _RUN_ID.fullmatch(value) is None:
        raise RunNotFound(RunId(ascii(value[:SHOWN_CHARS_MAX])), "find")
    return RunId(value)
