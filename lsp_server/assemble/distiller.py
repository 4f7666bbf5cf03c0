"""This module puts together what finds procedures in past runs and tries drafts of skills."""

from __future__ import annotations

from lsp_server.assemble.replays import session_replays
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.evolution.project import Project
from lsp_server.session.evolution.distiller import Distiller
from lsp_server.session.evolution.session_inbox import SessionInbox
from lsp_server.session.evolution.suggested_files import SuggestedFiles
from lsp_server.session.goals import Goals
from lsp_server.session.runs import Runs
from lsp_server.system.process_lock import ProcessLock


def session_distiller(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    runs: Runs,
    inbox: SessionInbox,
    files: SuggestedFiles,
) -> Distiller:
    """Makes the distiller of one workspace, whose drafts go into the `inbox` and become `files`."""
    place = runs.store.folder.parent / "evolution"

    async def is_confined() -> bool:
        return await services.sandboxes.holds(services.current_settings().sandbox)

    return Distiller(
        runs.store,
        inbox,
        files,
        lambda: Project(services.workspace, services.ignore),
        services.redactor,
        ProcessLock(place / "distill.lock"),
        session_replays(services, roles, goals, runs, place / "copies"),
        is_confined,
    )
