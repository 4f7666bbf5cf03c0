"""`SuggestedFiles` writes the skills and commands that a person accepted, and no other file."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lsp_server.domain.edits import EditSet, FileEdit, minimal_edit
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.ports import Editor
from lsp_server.evolution.distillation import WrittenText
from lsp_server.evolution.suggestion import FILE_KINDS, Suggestion
from lsp_server.session.skills import SessionSkills
from lsp_server.session.trust import ProjectTrust
from lsp_server.skills.front_matter import FrontMatterError, read_front_matter
from lsp_server.skills.skill import SKILL_FILE
from lsp_server.workspace.files.disk import FileMissing

_PLACE = re.compile(r"\.holdfast/(?:skills/[a-z0-9-]{1,64}/SKILL|commands/[a-z0-9-]{1,64})\.md")


class NotHoldfasts(HoldfastError):
    """A file is a person's own, or they edited it since, so it stays as it is."""


class NotASkill(HoldfastError):
    """A text is no skill any more as a person edited it, so no run could load it."""


class SuggestedFiles:
    """`SuggestedFiles` changes what Holdfast made and nobody has edited since, in the workspace at `root`.

    Files are written through the `editor`. A person who accepted a text has seen it, so it is trusted.
    """

    def __init__(
        self, root: Path, editor: Editor, skills: SessionSkills, trust: ProjectTrust
    ) -> None:
        self._root = root
        self._editor = editor
        self._skills = skills
        self._trust = trust

    async def apply(self, one: Suggestion, text: str) -> Suggestion:
        """Writes the file; returns the suggestion as accepted.

        Raises NotASkill, NotHoldfasts, ToolError.
        """
        text = f"{text.strip()}\n"
        if one.kind == "keep_skill":
            _require_skill(one.path, text)
        await self._replace(one.path, one.replaces, text)
        await self._be_trusted(one.path)
        return replace(one, state="accepted", applied=text)

    async def take_back(self, done: Suggestion) -> None:
        """Gives the file its text before, or removes it. Raises NotHoldfasts, ToolError."""
        await self._replace(done.path, done.applied, done.replaces)
        if done.replaces:
            await self._be_trusted(done.path)

    async def retire(self, one: Suggestion) -> Suggestion:
        """Removes the file; its text stays with the suggestion. Raises NotHoldfasts, ToolError."""
        await self._replace(one.path, one.replaces, "")
        return replace(one, state="accepted")

    async def bring_back(self, done: Suggestion) -> None:
        """Writes a file that was retired again. Raises NotHoldfasts, ToolError."""
        await self._replace(done.path, "", done.replaces)
        await self._be_trusted(done.path)

    async def written(self, answered: Iterable[Suggestion]) -> tuple[WrittenText, ...]:
        """Returns the texts of all skills and commands; those that were accepted so are Holdfast's."""
        accepted = {
            (one.path, one.applied)
            for one in answered
            # One that a person edited before they accepted it is theirs.
            if one.kind in FILE_KINDS and one.state == "accepted" and one.applied == one.text
        }
        items = [one.item for one in await self._skills.found()]
        texts = await asyncio.to_thread(lambda: [_read(one.path) for one in items])
        return tuple(
            WrittenText(path, text, (path, text) in accepted, one.name, since)
            for one, (text, since) in zip(items, texts, strict=True)
            for path in [self._name(one.path)]
        )

    async def _replace(self, path: str, before: str, after: str) -> None:
        """Gives a file another text; empty is none."""
        place = self._root / path
        await asyncio.to_thread(self._require_own_place, path)
        try:
            document = await self._editor.read(place)
            base, now = document.version, document.text
        except FileMissing:
            base, now = None, ""
        if now == after:
            return
        if now != before:
            raise NotHoldfasts(f"{path} is not as Holdfast left it, so it stays; remove it first")
        if after:
            edit = FileEdit(place, base, minimal_edit(now, after))
        else:
            edit = FileEdit(place, base, (), deletes=True)
        await self._editor.apply(EditSet((edit,), "a suggestion that was accepted"))

    def _require_own_place(self, path: str) -> None:
        """Raises NotHoldfasts for a place that is not for skills and commands, or has other files."""
        place = self._root / path
        leads_away = not place.resolve().is_relative_to(self._root.resolve()) or place.is_symlink()
        if not _PLACE.fullmatch(path) or leads_away:
            raise NotHoldfasts(f"{path} is no place for a skill or command of this project")
        beside = set(place.parent.glob("*")) if place.name == SKILL_FILE else set()
        if beside - {place}:
            raise NotHoldfasts(f"the folder of {path} has files that Holdfast did not make")

    async def _be_trusted(self, path: str) -> None:
        """Takes the acceptance for the person's trust in this text."""
        place = path.removesuffix(f"/{SKILL_FILE}")
        ids = {f"skill {place}", f"command {place}"}
        brought = [one for one in await self._skills.brought() if one.id in ids]
        await self._trust.decide(brought, trusted=True)

    def _name(self, path: Path) -> str:
        is_inside = path.is_relative_to(self._root)
        return path.relative_to(self._root).as_posix() if is_inside else path.as_posix()


def _require_skill(path: str, text: str) -> None:
    try:
        head = read_front_matter(text)
        problem = "" if head.text("description") else "it has no `description`"
    except FrontMatterError as error:
        problem = str(error)
    if problem:
        raise NotASkill(f"{path} would be no skill as it was edited: {problem}")


def _read(path: Path) -> tuple[str, str]:
    """The text of a file, and when it was changed."""
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return path.read_text("utf-8"), changed.isoformat()
    except (OSError, UnicodeDecodeError):
        return "", ""
