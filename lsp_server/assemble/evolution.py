"""This module puts together what a workspace learns with from its past runs."""

from __future__ import annotations

from datetime import UTC, datetime

from lsp_server.assemble.distiller import session_distiller
from lsp_server.assemble.replays import session_replays
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.evolution.day_budget import DayBudget
from lsp_server.evolution.inbox import Inbox
from lsp_server.evolution.inbox_document import INBOX_FILE
from lsp_server.evolution.project import Project
from lsp_server.models.wrappers import PricedModel
from lsp_server.session.evolution import Evolution
from lsp_server.session.evolution.confirmation import Confirmation
from lsp_server.session.evolution.day_model import DayModel
from lsp_server.session.evolution.evidence_links import EvidenceLinks
from lsp_server.session.evolution.inbox_file import InboxFile
from lsp_server.session.evolution.learning_lock import LearningLock
from lsp_server.session.evolution.model_dreams import ModelDreams
from lsp_server.session.evolution.session_inbox import SessionInbox
from lsp_server.session.evolution.suggested_changes import SuggestedChanges
from lsp_server.session.evolution.suggested_facts import SuggestedFacts
from lsp_server.session.evolution.suggested_files import SuggestedFiles
from lsp_server.session.evolution.work_watch import WorkWatch
from lsp_server.session.goals import Goals
from lsp_server.session.memory.session_facts import SessionFacts
from lsp_server.session.notices import InboxChanged, Notify
from lsp_server.session.runs import Runs


def session_evolution(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    runs: Runs,
    facts: SessionFacts,
    notify: Notify,
) -> Evolution:
    """Makes the evolution of one workspace, which learns from its `runs`."""
    store = runs.store
    place = store.folder.parent / "evolution"
    settings = services.current_settings
    root, extensions = services.workspace.root, services.extensions

    async def is_confined() -> bool:
        return await services.sandboxes.holds(settings().sandbox)

    async def cheap_model() -> PricedModel:
        return (await roles.cheap(settings(), lambda _: None)).model

    def today() -> str:
        return datetime.now(UTC).date().isoformat()

    watch = WorkWatch(store)
    budget = DayBudget(place / "spent-today.json", today)
    day_model = DayModel(cheap_model, budget, lambda: settings().evolution)
    replays = session_replays(services, roles, goals, runs, place / "copies")
    files = SuggestedFiles(root, services.editor, extensions.skills, extensions.trust)
    inbox = SessionInbox(
        Inbox(place),
        InboxFile(root / INBOX_FILE, services.editor, EvidenceLinks(store)),
        SuggestedChanges(SuggestedFacts(facts), files),
        services.redactor,
        lambda new: notify(InboxChanged(new)),
    )
    return Evolution(
        store,
        facts,
        inbox,
        files,
        lambda: Project(services.workspace, services.ignore),
        Confirmation(root, services.sandboxes.commands(settings), is_confined),
        services.redactor,
        lambda: settings().evolution,
        LearningLock(place / "dream.lock"),
        ModelDreams(place, day_model, lambda: settings().evolution),
        session_distiller(services, replays, inbox, files, day_model, budget, watch),
        watch,
    )
