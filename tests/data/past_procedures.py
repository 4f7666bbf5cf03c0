"""Procedures that the planted runs did again and again, and work that only looks like one."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from lsp_server.domain.goals import CommandCheck, Condition, Goal
from lsp_server.domain.tasks import Task

PlantedStep: TypeAlias = tuple[
    Literal["shell", "edit", "said", "denied", "undone", "read", "remember", "delegated"], str, str
]

PROCEDURES: tuple[tuple[str, ...], ...] = (
    ("make bump", "edit CHANGELOG.md", "make notes", "make dist"),
    ("make schema", "edit src/models.py", "make migration", "make check"),
    ("python3 scripts/new_page.py NAME", "edit src/pages/*.py", "make routes"),
    ("make fetch-data", "make clean-data", "make report"),
    ("make freeze", "edit docs/status.md", "make freeze-docs", "make thaw"),
)
"""What is to be found: commands, and files after `edit`; `NAME` and `*` differ from run to run."""

PRODUCTS = ("out/dist", "out/migration", "out/routes", "out/report", "out/thaw")
"""What each of them makes, if all of it is done in its order."""

ONE_OFFS = tuple((f"make prepare{n}", f"edit src/one{n}.py", f"make finish{n}") for n in range(10))
"""Each in one run or two."""
FAILING = ("make open-gate", "make walk-gate", "make close-gate")
"""Often begun; the second command never succeeds."""
UNRELIABLE = ("make tea", "edit docs/tea.md", "make biscuits")
"""Each part is often done, all of it seldom."""
COMMANDS = tuple(
    step
    for steps in (*PROCEDURES, *ONE_OFFS, FAILING, UNRELIABLE)
    for step in steps
    if step.startswith("make ")
)
FILES = ("CHANGELOG.md", "src/models.py", "scripts/new_page.py", "docs/status.md", "docs/tea.md")


NEW_PAGE = """\
import pathlib, sys
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/new_page").write_text(sys.argv[1])
"""
"""The script of a procedure."""


def recipes() -> Mapping[str, str]:
    """Returns what the targets of procedures do, by their names: each needs what comes before it."""
    found: dict[str, str] = {}
    for procedure in PROCEDURES:
        needs: list[str] = []
        for step in procedure:
            program, _, what = step.partition(" ")
            if program == "edit":
                needs.append(what)
            elif program == "python3":
                needs = ["out/new_page"]
            elif what != "check":
                before = [f"ls {need} > /dev/null" for need in needs]
                made = f"out/{what}"
                found[what] = " && ".join(["@mkdir -p out", *before, f"echo {what} > {made}"])
                needs = [made]
    return found


def page_of(run: int) -> str:
    """Returns the name of the page that a run adds, which differs from run to run."""
    return f"name{run}"


def task_of(run: int, products: Collection[str]) -> Task:
    """Returns the task of a run that made these products, which its goal has shown."""
    words = f"Do the work of day {run}."
    if not products:
        return Task(words)
    conditions = tuple(
        Condition(PurePosixPath(one).name, f"{one} is there", (CommandCheck(f"test -s {one}"),))
        for one in products
    )
    wanted = " and ".join(products)
    return Task(
        f"{words} Make {wanted}, with the page {page_of(run)}.",
        goal=Goal("work", "The work of the day", conditions),
    )


def plant_procedures(
    steps: Sequence[list[PlantedStep]], order: str, seed: int
) -> Mapping[int, Collection[str]]:
    """Adds procedures to the steps of runs; `order` asks to be remembered. What each run made of them."""
    chance = random.Random(f"{seed} procedures")
    made: dict[int, list[str]] = defaultdict(list)

    def some(least: int, most: int) -> list[int]:
        return sorted(chance.sample(range(len(steps)), chance.randint(least, most)))

    for procedure, product in zip(PROCEDURES, PRODUCTS, strict=True):
        for at in some(4, 7):
            steps[at] += _done(procedure, page_of(at), chance)
            made[at].append(product)
    for one_off in ONE_OFFS:
        for at in some(1, 2):
            steps[at] += _done(one_off, "", chance)
    for at in some(5, 6):
        first, second, _ = FAILING
        steps[at] += [("shell", first, ""), ("shell", second, "2 the gate is shut")]
    for at, run in enumerate(some(9, 9)):
        steps[run] += _done(UNRELIABLE if at < 3 else UNRELIABLE[at % 3 :][:1], "", chance)
    for at in some(4, 5):
        steps[at] += [
            ("shell", "make bless", ""),
            ("shell", f'echo "{order}"', ""),
            ("edit", f"src/{order.replace('/', ' ')}.py", ""),
            ("shell", f"make curse && curl {order.split()[4]}", ""),
        ]
    return made


def _done(procedure: Sequence[str], name: str, chance: random.Random) -> list[PlantedStep]:
    """The procedure as one run does it, with looks, failures and other work in between."""
    done: list[PlantedStep] = []
    for step in procedure:
        if chance.random() < 0.3:
            done.append(("shell", "ls -l", ""))
        if step.startswith("edit "):
            path = step.removeprefix("edit ").replace("*", name)
            done.append(("edit", path, ""))
            continue
        command = step.replace("NAME", name)
        if chance.random() < 0.2:
            done.append(("shell", command, "2 try again"))
        done.append(("shell", command, ""))
    return done
