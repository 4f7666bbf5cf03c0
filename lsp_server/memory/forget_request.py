"""A `ForgetRequest` says what is to be forgotten, as conditions on the tables."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.memory.sql import equals, quote


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """A selection of records; of several fields, all must hold.

    `text` is found anywhere in a record, in any case; `before` is ISO 8601 in UTC. With
    no field it selects nothing.

    >>> ForgetRequest(id="a").facts_condition()
    "(id = 'a')"
    >>> ForgetRequest().actions_condition()
    'false'
    """

    id: str | None = None
    text: str | None = None
    before: str | None = None
    run_id: str | None = None

    def actions_condition(self) -> str:
        """The condition for actions."""
        run = [] if self.run_id is None else [equals("run_id", self.run_id)]
        return _all([*self._parts("title", "arguments", "result", "reason"), *run])

    def facts_condition(self) -> str:
        """The condition for facts, which belong to no run."""
        return "false" if self.run_id is not None else _all(self._parts("text"))

    def _parts(self, *searched: str) -> list[str]:
        parts: list[str] = []
        if self.id is not None:
            parts.append(equals("id", self.id))
        if self.text:
            wanted = quote(self.text.lower())
            parts.append(" OR ".join(f"contains(lower({name}), {wanted})" for name in searched))
        if self.before is not None:
            parts.append(f"at < {quote(self.before)}")
        return parts


def _all(parts: list[str]) -> str:
    return " AND ".join(f"({part})" for part in parts) or "false"
