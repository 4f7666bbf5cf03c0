"""This module has the rules that allow calls of a run: those of the settings, and those granted since."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.permissions import Granted
from lsp_server.tools.rules import Rule, parse_rule

KEY = "permissions.allow"


class AllowRules:
    """An `AllowRules` yields the rules as they are now.

    `granted` gives what a person allowed since the run began; of that, a rule that cannot be
    read here, as of a tool that this run does not have, allows nothing. `tools` are the names
    that a rule may use. Raises ConfigurationError for one of `texts` that cannot be read.
    """

    def __init__(
        self, texts: Iterable[str], granted: Callable[[], Granted], tools: Collection[str]
    ) -> None:
        self._tools = tools
        self._granted = granted
        self._rules = [parse_rule(text, key=KEY, tools=tools) for text in texts]
        self._known: dict[str, Rule | None] = {}

    def __iter__(self) -> Iterator[Rule]:
        """Yields the rules, those of the settings first."""
        yield from self._rules
        yield from filter(None, map(self._read, self._granted().rules))

    def add(self, text: str) -> None:
        """Adds a rule. Raises ConfigurationError."""
        self._rules.append(parse_rule(text, key=KEY, tools=self._tools))

    def _read(self, text: str) -> Rule | None:
        if text not in self._known:
            try:
                self._known[text] = parse_rule(text, key=KEY, tools=self._tools)
            except ConfigurationError:
                self._known[text] = None
        return self._known[text]
