"""What cannot be done with a run, as an editor words it."""

from __future__ import annotations

import pytest

from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.tasks import RunId
from lsp_server.server.commands.run_errors import error_text
from lsp_server.session.run_errors import (
    AlreadyOver,
    IsChild,
    MaxModeFixed,
    NothingProposed,
    NothingToAccept,
    RunBusy,
    RunNotActive,
    RunNotFound,
    TooManyRuns,
)

RUN = RunId("r1")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RunNotFound(RUN, "undo"), "run r1 is unknown; holdfast.run.list names them"),
        (RunNotFound(None, "undo"), "there is no run to undo; holdfast.run.list names them"),
        (
            AlreadyOver(RUN, "achieved"),
            "run r1 is achieved; send it a message with holdfast.run.send to go on with it",
        ),
        (NothingToAccept(RUN, 3), "run r1 has 3 proposals; holdfast.max.propose asks"),
        (NothingProposed(RUN), "run r1 proposed nothing; holdfast.max.propose asks"),
        (RunNotActive(None), "no run is active"),
        (
            RunBusy(RUN, elsewhere=False),
            "run r1 is active; stop it first, or wait for its end",
        ),
        (
            RunBusy(RUN, elsewhere=True),
            "run r1 is active in another process; stop it first, or wait for its end",
        ),
        (IsChild(RunId("r1.2"), RUN), "run r1.2 belongs to run r1; delete that one"),
        (MaxModeFixed(RUN), "run r1 compares proposals; Max Mode is its job"),
        (TooManyRuns(8), "8 runs are active already; stop one first"),
        (ConfigurationError("set a key"), "set a key"),
    ],
)
def test_an_error_names_the_command_of_an_editor_that_helps(
    error: HoldfastError, sentence: str
) -> None:
    assert error_text(error) == sentence
