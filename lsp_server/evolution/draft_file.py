"""A `DraftFile` is a draft as it would lie on the disk: with it past tasks are done again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

ARGUMENTS = "$ARGUMENTS"
"""Where a command has the task."""
NOT_REPLAYED = "not replayed"

_REPLAY = re.compile(r"^  replay: .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A `DraftFile` has the `text` of a skill or command, and its `path` in the workspace.

    >>> file = DraftFile(".holdfast/commands/release.md", "---\\na: b\\n---\\n\\nDo it.\\n\\n$ARGUMENTS\\n")
    >>> file.name, file.is_command, file.expanded("Now.")
    ('release', True, 'Do it.\\n\\nNow.')
    """

    path: str
    text: str

    @property
    def is_command(self) -> bool:
        """Says whether it is a command, not a skill."""
        return PurePosixPath(self.path).name != "SKILL.md"

    @property
    def name(self) -> str:
        """Returns the name of the skill or command."""
        place = PurePosixPath(self.path)
        return place.stem if self.is_command else place.parent.name

    def expanded(self, instruction: str) -> str:
        """Returns the task that the command makes of another one."""
        body = self.text.partition("\n---\n")[2].strip()
        return body.replace(ARGUMENTS, instruction)

    def tried(self, figures: str) -> DraftFile:
        """Returns the file with what trying it showed in its metadata."""
        line = f"  replay: {json.dumps(figures, ensure_ascii=False)}"
        return replace(self, text=_REPLAY.sub(lambda _: line, self.text, count=1))
