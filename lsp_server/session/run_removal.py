"""This module removes what is kept of a run."""

from __future__ import annotations

import shutil
from collections.abc import Container
from contextlib import ExitStack

from lsp_server.agent.journal import CHILDREN, JOURNAL_NAME, journal_lock
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import run_folder, top_id
from lsp_server.session.run_errors import IsChild, RunBusy, RunNotFound
from lsp_server.session.run_store import RunStore


def remove_run(store: RunStore, run_id: RunId, at_work: Container[RunId] = ()) -> None:
    """Removes the journals of a run and its children, and all that was written beside them.

    `at_work` are the runs of this process.
    Files of the workspace stay as they are, and can no longer be taken back. Blocking.

    Raises RunNotFound, RunBusy while it or one of its children is at work in any process,
    IsChild, ConfigurationError where nothing can be removed.
    """
    if (top := top_id(run_id)) != run_id:
        raise IsChild(run_id, top)
    folder = run_folder(store.folder, run_id)
    if not (journal := folder / JOURNAL_NAME).exists():
        raise RunNotFound(run_id, "delete")
    try:
        with ExitStack() as held:
            for each in (journal, *folder.glob(f"{CHILDREN}/**/{JOURNAL_NAME}")):
                lock = journal_lock(each)
                if not lock.acquire():
                    raise RunBusy(run_id, elsewhere=run_id not in at_work)
                held.callback(lock.release)
            # With its journal the run is gone, whatever happens to the rest.
            journal.unlink()
            shutil.rmtree(folder)
    except OSError as error:
        raise ConfigurationError(
            f"what is kept of run {run_id} in {folder} cannot be removed "
            f"({error.strerror or error}); give access there and delete it again"
        ) from error
