"""This module is `holdfast trust`: what a project brings for the agent, and whether it may be used."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import UsageError, run_command, workspace_folder
from lsp_server.cli.terminal_prompt import ask_line
from lsp_server.domain.permissions import visible
from lsp_server.session.trust import TrustChoice, TrustItem

ANSWERS = {"t": True, "trust": True, "y": True, "yes": True, "r": False, "refuse": False}


def trust(workspace: Path, what: str | None, *, answer: bool | None) -> int:
    """Shows what waits for trust, and keeps the answer; without one the person is asked.

    Returns 0 when nothing waits any more, else 1.
    """
    return run_command(_trust(workspace, what, answer))


async def _trust(workspace: Path, what: str | None, answer: bool | None) -> int:
    folder = workspace_folder(workspace)
    async with command_session(folder, load_settings(folder)) as session:
        choices = await session.trust.choices()
        for item in _meant(choices, what):
            _show(item, with_text=answer is None)
            trusted = answer if answer is not None else await _ask()
            if trusted is not None:
                await session.trust.decide([item], trusted=trusted)
        left = await session.trust.waiting()
    if what is None and not any(one.waits for one in choices):
        _tell(choices)
    return 1 if left else 0


def _meant(choices: Sequence[TrustChoice], what: str | None) -> Sequence[TrustItem]:
    """What waits; by its id also what was decided, since a person may think again."""
    if what is None:
        return [one.item for one in choices if one.waits]
    meant = [one.item for one in choices if one.item.id == what]
    if not meant:
        known = ", ".join(one.item.id for one in choices) or "there is none"
        raise UsageError(f"the project brings nothing with the id {what!r}; known: {known}")
    return meant


def _tell(choices: Sequence[TrustChoice]) -> None:
    lines = ["nothing in this project waits for your trust"]
    lines += [f"{one.state}: {one.item.id}" for one in choices]
    lines += ["`holdfast trust ID` asks about one of them again"] if choices else []
    sys.stdout.write(visible("\n".join(lines)) + "\n")


def _show(item: TrustItem, *, with_text: bool) -> None:
    text = f"\n{item.id}\n{item.summary}\n{item.detail}\n" if with_text else item.id
    sys.stdout.write(f"{visible(text)}\n")


async def _ask() -> bool | None:
    """Returns the answer that is typed; None for later, or where nobody can type one."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    answer = await ask_line("[t]rust, [r]efuse, anything else for later? ")
    return ANSWERS.get(answer.strip().lower())
