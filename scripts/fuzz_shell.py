"""Runs command lines by chance that are free, and looks whether they changed or read something.

    python -m scripts.fuzz_shell [--lines 1000000] [--seed 1]

A line that may run without a question is really run, without a sandbox, by each of three
shells: bash, bash in which `.*` is `..` as before 5.2, and dash. It runs in a throw-away tree
in a mount namespace (bubblewrap), so that nothing but the tree can be hit. The exit status is 1
when a line had an effect; each such line is printed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from lsp_server.tools.confinement import is_confined
from lsp_server.tools.free import changes_nothing
from lsp_server.tools.shell_syntax import parse
from lsp_server.tools.shown_files import reads_unnamed_files
from lsp_server.workspace.commands.inert import inert_environment
from lsp_server.workspace.files.paths import Workspace
from scripts.shell_fuzz.lines import make_line
from scripts.shell_fuzz.throwaway_tree import PATH, SHELLS, WITHOUT_GLOBSKIPDOTS, ThrowawayTree

LINES_IN_BATCH = 200
LINES_BETWEEN_REPORTS = 50_000
_GLOB = re.compile(r"[*?[]")
"""Without one of these, the two kinds of bash are the same."""


@dataclass(frozen=True)
class Finding:
    """A `Finding` is a free line that had an effect in a shell."""

    line: str
    shell: str
    effect: str


@dataclass
class Fuzz:
    """A `Fuzz` draws lines from `seed`, and runs the free ones in a tree.

    `lines`, `free` and `runs` count what was drawn, judged free and run.
    """

    tree: ThrowawayTree
    seed: int = 1
    lines: int = 0
    free: int = 0
    runs: int = 0
    findings: list[Finding] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def figures(self) -> str:
        """Returns all that was counted, in a line."""
        return (
            f"{self.lines} lines, {self.free} free, {self.runs} runs, "
            f"{len(self.findings)} findings, {time.monotonic() - self.began:.0f} s"
        )

    def prepare(self) -> None:
        """Makes the tree, and the environment that free commands get."""
        self.tree.make()
        self.tree.environment = inert_environment(
            self.tree.workspace, {"PATH": PATH, "HOME": str(self.tree.home), "LC_ALL": "C.UTF-8"}
        )

    def run(self, lines_max: int) -> None:
        """Draws this many lines."""
        self.prepare()
        drawn = self._free_lines(lines_max)
        while batch := list(islice(drawn, LINES_IN_BATCH)):
            for secrets_may_be_read in (False, True):
                part = [line for line, shows in batch if shows == secrets_may_be_read]
                self._run_batch(part, secrets_may_be_read=secrets_may_be_read)

    def _free_lines(self, lines_max: int) -> Iterator[tuple[str, bool]]:
        """Yields those that words alone make free, and whether they read more than they name."""
        chance, seen = Random(self.seed), set[int]()
        workspace = Workspace(self.tree.workspace)
        while self.lines < lines_max:
            line = make_line(chance)
            self.lines += 1
            if self.lines % LINES_BETWEEN_REPORTS == 0:
                print(self.figures, file=sys.stderr, flush=True)
            script = parse(line)
            if not changes_nothing(script, workspace) or not is_confined(script, workspace):
                continue
            if (key := hash(line)) not in seen:
                seen.add(key)
                self.free += 1
                yield line, reads_unnamed_files(script)

    def _run_batch(self, lines: Sequence[str], *, secrets_may_be_read: bool) -> None:
        for shell in SHELLS:
            chosen = [line for line in lines if shell != WITHOUT_GLOBSKIPDOTS or _GLOB.search(line)]
            self.runs += len(chosen)
            if not chosen or not list(
                self._effects(shell, chosen, secrets_may_be_read=secrets_may_be_read)
            ):
                continue
            for line in chosen:
                for effect in self._effects(shell, [line], secrets_may_be_read=secrets_may_be_read):
                    self.findings.append(Finding(line, shell, effect))
                    print(f"{shell}: {line!r}: {effect}", flush=True)

    def _effects(
        self, shell: str, lines: Sequence[str], *, secrets_may_be_read: bool
    ) -> Iterator[str]:
        try:
            output = self.tree.run(shell, lines)
        except (subprocess.TimeoutExpired, ValueError) as error:
            yield str(error)
            output = ""
        yield from self.tree.effects(output, secrets_may_be_read=secrets_may_be_read)


def main() -> int:
    """Fuzzes as the arguments say, and prints the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    os.environ["PATH"] = PATH
    fuzz = Fuzz(ThrowawayTree(), chosen.seed)
    try:
        fuzz.run(chosen.lines)
    finally:
        shutil.rmtree(fuzz.tree.base, ignore_errors=True)
    print(fuzz.figures)
    return 1 if fuzz.findings else 0


if __name__ == "__main__":
    sys.exit(main())
