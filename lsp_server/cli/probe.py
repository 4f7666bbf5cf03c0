"""This module is `holdfast doctor --probe`: what the endpoints of the settings can do."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lsp_server import __version__
from lsp_server.assemble.probing import probe_endpoints
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.error_output import print_error
from lsp_server.cli.exit_status import FAILED, run_command, workspace_folder
from lsp_server.domain.permissions import visible
from lsp_server.probe.finding import ProbeReport, Role
from lsp_server.probe.report import announcement, as_json, as_markdown
from lsp_server.settings.sections import ModelSettings


def probe(workspace: Path, *, for_programs: bool) -> int:
    """Prints what was found, a section for each endpoint, or with `for_programs` a line of JSON.

    Returns 0 when each can be used for what it is set, else 1.
    """
    return run_command(_probe(workspace, for_programs=for_programs), failed=FAILED)


async def _probe(workspace: Path, *, for_programs: bool) -> int:
    folder = workspace_folder(workspace)
    status = 0
    async for report in probe_endpoints(folder, load_settings(folder), _announce):
        sys.stdout.write(
            _line(report) if for_programs else visible(as_markdown(report, __version__))
        )
        sys.stdout.flush()
        status = FAILED if report.missing else status
    return status


def _announce(role: Role, settings: ModelSettings) -> None:
    print_error(announcement(role, settings))


def _line(report: ProbeReport) -> str:
    return json.dumps(as_json(report, __version__), ensure_ascii=False) + "\n"
