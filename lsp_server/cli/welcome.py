"""This module is `holdfast` alone on a terminal: what it is, and what to do next."""

from __future__ import annotations

import sys

from lsp_server import __version__

WELCOME = """\
Holdfast {version}: a coding agent for long tasks, in your editor and here.
It asks before it edits or runs anything.

  holdfast demo          see it work, without a model
  holdfast doctor        what is set up, and what is missing
  holdfast run "fix it"  work on a task in this folder
  holdfast run           work on a goal, or write the task in $EDITOR
  holdfast runs          what ran here; `show` reads one
  holdfast --help        all commands

An editor starts it by itself, as `holdfast serve --stdio`.
"""


def welcome() -> int:
    """Says what Holdfast is; returns 0."""
    sys.stdout.write(WELCOME.format(version=__version__))
    return 0
