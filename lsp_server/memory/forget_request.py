"""What is to be forgotten, as conditions on the tables."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.memory.tables import sql_quoted


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """One of these, or several that all must hold; with none, nothing is forgotten.

    `text` is found anywhere in a record, in any case; `before` is ISO 8601.
    """

    id: str | None = None
    text: str | None = None
    before: str | None = None
    run_id: str | None = None

    def of_actions(self) -> str:
        searched = ("title", "arguments", "result", "reason")
        run = [] if self.run_id is None else [f"run_id = {sql_quoted(self.run_id)}"]
        return _all([*self._shared(searched), *run])

    def of_facts(self) -> str:
        return "false" if self.run_id is not None else _all(self._shared(("text",)))

    def _shared(self, searched: tuple[str, ...]) -> list[str]:
        parts: list[str] = []
        if self.id is not None:
            parts.append(f"id = {sql_quoted(self.id)}")
        if self.text:
            wanted = sql_quoted(self.text.lower())
            parts.append(" OR ".join(f"contains(lower({name}), {wanted})" for name in searched))
        if self.before is not None:
            parts.append(f"at < {sql_quoted(self.before)}")
        return parts


def _all(parts: list[str]) -> str:
    return " AND ".join(f"({part})" for part in parts) or "false"
