"""This module says which settings decide where a task goes, what starts, and what a run may cost.

Such a setting is obeyed or refused. If one of them cannot be read, its section is made
unusable: to go on with a default would ask another endpoint than the one that was named, keep
memory elsewhere, or spend without the limit that somebody set.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import reduce

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings.section import Section
from lsp_server.settings.sections import Settings

_HARMLESS = {
    "model": ("temperature", "context_tokens", "output_tokens_max", "silence_timeout_seconds"),
    "judge": ("temperature", "context_tokens", "output_tokens_max", "silence_timeout_seconds"),
    "cheap": ("temperature", "context_tokens", "output_tokens_max", "silence_timeout_seconds"),
    "memory": ("index_on_start", "file_bytes_max", "commits_max"),
    "run": ("transcript",),
    "evolution": ("idle_minutes", "runs_min", "apply_verified"),
}
"""The sections that decide, and what in them decides nothing. An unknown key there may be a
decisive one that is misspelt."""


def decides(key: str | None) -> bool:
    """Returns whether a problem with a setting makes its section unusable.

    `key` is the dotted path of a setting, or None for a whole file of the user's.

    >>> decides("model.base_ulr"), decides("model.temperature"), decides("modell.name")
    (True, False, True)
    """
    return bool(_sections(key))


def mark_unusable(settings: Settings, problems: Iterable[ConfigurationError]) -> Settings:
    """Returns the settings with each section unusable in which a problem decides something."""
    return reduce(_mark, problems, settings)


def _mark(settings: Settings, problem: ConfigurationError) -> Settings:
    marked = {}
    for name in _sections(problem.key):
        section: Section = getattr(settings, name)
        marked[name] = section.unusable(problem)
    return settings.model_copy(update=marked)


def _sections(key: str | None) -> tuple[str, ...]:
    """The sections that a problem makes unusable."""
    if key is None:
        return tuple(_HARMLESS)
    section, _, setting = key.partition(".")
    if section not in Settings.model_fields:
        return tuple(get_close_matches(section, _HARMLESS, n=1))
    known = section in _HARMLESS and setting.partition(".")[0] not in _HARMLESS[section]
    return (section,) if known else ()
