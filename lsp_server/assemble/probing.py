"""This module puts a probe together: the endpoints of the settings, and what keeps secrets out of its report."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from lsp_server.models.provider import find_endpoint
from lsp_server.probe.address import shown_address
from lsp_server.probe.endpoint_probe import probe_endpoint
from lsp_server.probe.finding import ProbeReport, Role
from lsp_server.redaction.redactor import Redactor
from lsp_server.settings.address import without_credentials
from lsp_server.settings.folders import data_folder
from lsp_server.settings.sections import ModelSettings, RoleSettings, Settings
from lsp_server.workspace.files.known_secrets import KnownSecrets


def endpoints_of(settings: Settings) -> list[tuple[Role, ModelSettings]]:
    """Returns each role that has an endpoint or a model of its own, with its settings."""
    found: list[tuple[Role, ModelSettings]] = [("worker", settings.model)]
    roles: tuple[tuple[Role, RoleSettings], ...] = (
        ("judge", settings.judge),
        ("cheap", settings.cheap),
    )
    for role, section in roles:
        wanted = section.over(settings.model, role)
        if all(_place(wanted) != _place(other) for _, other in found):
            found.append((role, wanted))
    return found


def _place(settings: ModelSettings) -> tuple[str | None, str | None, str]:
    return settings.base_url, settings.name, settings.wire


async def probe_endpoints(
    folder: Path, settings: Settings, begins: Callable[[Role, ModelSettings], None]
) -> AsyncIterator[ProbeReport]:
    """Yields what is found at each endpoint of the settings; `begins` is called before each.

    No report has a secret, a private host or the person's home folder. Raises
    ConfigurationError, ModelError where an endpoint is not found.
    """
    for role, wanted in endpoints_of(settings):
        found = await find_endpoint(wanted)
        begins(role, found.settings)
        report = await probe_endpoint(role, found.settings, found.api_key)
        keys = [found.api_key] if found.api_key else []
        secrets = KnownSecrets(folder, data_folder(), keys.copy)
        yield _for_others(report, Redactor(secrets), found.settings.base_url or "")


def _for_others(report: ProbeReport, redactor: Redactor, base_url: str) -> ProbeReport:
    address, home = without_credentials(base_url), str(Path.home())

    def shown(text: str) -> str:
        text = text.replace(address, shown_address(address))
        return redactor(text.replace(home, "~") if home != os.sep else text)

    findings = tuple(
        replace(each, evidence=shown(each.evidence), advice=shown(each.advice))
        for each in report.findings
    )
    return replace(report, findings=findings, model=shown(report.model))
