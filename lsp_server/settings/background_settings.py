"""This module has the settings of a server in the background."""

from __future__ import annotations

from lsp_server.settings.section import Section
from lsp_server.settings.values import PositiveSeconds


class BackgroundSettings(Section):
    """This section sets when a server ends that was started with `holdfast serve --background`."""

    idle_timeout_seconds: PositiveSeconds = 900.0
    """It ends when no editor was attached and no run worked for longer."""
