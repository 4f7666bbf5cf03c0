"""This module is what all sections of settings have in common."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, PrivateAttr

from lsp_server.domain.errors import ConfigurationError


class Section(BaseModel):
    """A `Section` is a frozen group of settings; unknown keys are errors.

    One in which something was set that cannot be obeyed is unusable: whoever would act on it
    asks `require_usable` first, so that nothing else is done than what was asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    _problem: ConfigurationError | None = PrivateAttr(None)
    _key_setting: str | None = PrivateAttr(None)

    @property
    def problem(self) -> ConfigurationError | None:
        """Returns what makes the section unusable; None for a usable one."""
        return self._problem

    def unusable(self, problem: ConfigurationError) -> Self:
        """Returns the section as one that nobody may act on; the first problem counts."""
        marked = self.model_copy()
        marked._problem = self._problem or problem  # noqa: SLF001 - of its own class
        return marked

    @property
    def key_setting(self) -> str | None:
        """Returns the only setting that gives the section a key; None where the environment's is for it."""
        return self._key_setting

    def with_own_key(self, setting: str) -> Self:
        """Returns the section as one whose key `setting` names, and no other."""
        marked = self.model_copy()
        marked._key_setting = setting  # noqa: SLF001 - of its own class
        return marked

    def require_usable(self) -> None:
        """Raises ConfigurationError if the section is unusable."""
        if self._problem is not None:
            raise ConfigurationError(str(self._problem), key=self._problem.key)
