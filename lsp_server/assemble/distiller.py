"""This module puts together what finds procedures in past runs and tries drafts of skills."""

from __future__ import annotations

from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.evolution.day_budget import DayBudget
from lsp_server.evolution.project import Project
from lsp_server.session.evolution.day_model import DayModel
from lsp_server.session.evolution.distiller import Distiller
from lsp_server.session.evolution.draft_wording import DraftWording
from lsp_server.session.evolution.learning_lock import LearningLock
from lsp_server.session.evolution.replayed_drafts import ReplayedDrafts
from lsp_server.session.evolution.replays import Replays
from lsp_server.session.evolution.session_inbox import SessionInbox
from lsp_server.session.evolution.suggested_files import SuggestedFiles
from lsp_server.session.evolution.work_watch import WorkWatch


def session_distiller(
    services: WorkspaceServices,
    replays: Replays,
    inbox: SessionInbox,
    files: SuggestedFiles,
    model: DayModel,
    budget: DayBudget,
    watch: WorkWatch,
) -> Distiller:
    """Makes the distiller of one workspace, whose drafts go into the `inbox` and become `files`."""

    async def is_confined() -> bool:
        return await services.sandboxes.holds(services.current_settings().sandbox)

    return Distiller(
        replays.store,
        inbox,
        files,
        lambda: Project(services.workspace, services.ignore),
        services.redactor,
        LearningLock(replays.store.folder.parent / "evolution" / "distill.lock"),
        watch,
        ReplayedDrafts(replays, budget, lambda: services.current_settings().evolution),
        DraftWording(model, services.redactor),
        is_confined,
    )
