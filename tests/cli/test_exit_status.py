"""How a command ends, as its process and its standard error say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.cli.exit_status import UsageError, run_command, workspace_folder
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.tasks import RunId
from lsp_server.session.run_errors import (
    AlreadyOver,
    ChangeNotFound,
    RunNotFound,
    StepNotFound,
    TooManyRuns,
)


async def work(result: int | BaseException) -> int:
    if isinstance(result, BaseException):
        raise result
    return result


@pytest.mark.parametrize(
    ("result", "status", "sentence"),
    [
        (0, 0, ""),
        (4, 4, ""),
        (UsageError("say what to do"), 2, "holdfast: say what to do\n"),
        (ConfigurationError("set a key"), 1, "holdfast: set a key\n"),
        (
            RunNotFound(RunId("x"), "undo"),
            2,
            "holdfast: run x is unknown; `holdfast runs` lists those of a folder\n",
        ),
        (ChangeNotFound(RunId("x"), "a.py"), 2, "holdfast: run x did not change a.py\n"),
        (
            StepNotFound(RunId("x"), 9, 2),
            2,
            "holdfast: run x has no step 9; it has 1 to 2, and 0 is its beginning\n",
        ),
        (
            AlreadyOver(RunId("x"), "achieved"),
            1,
            'holdfast: run x is achieved; go on with it: holdfast run --resume x "what else to do"\n',
        ),
        (TooManyRuns(8), 1, "holdfast: 8 runs are active already; stop one first\n"),
        (KeyboardInterrupt(), 130, "holdfast: stopped early\n"),
        (UsageError("an \x1b[31m escape"), 2, "holdfast: an \\x1b[31m escape\n"),
    ],
)
def test_the_status_says_how_it_ended_and_one_sentence_why(
    result: int | BaseException, status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(work(result), failed=1, stopped="stopped early") == status
    assert capsys.readouterr().err == sentence


def test_a_workspace_is_a_folder(tmp_path: Path) -> None:
    assert workspace_folder(tmp_path / ".") == tmp_path
    with pytest.raises(UsageError, match="missing is not a folder"):
        workspace_folder(tmp_path / "missing")
