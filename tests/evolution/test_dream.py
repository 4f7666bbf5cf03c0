"""What sixty planted runs teach, and what they must not: no model is asked."""

from __future__ import annotations

import pytest

from lsp_server.evolution.dream import Dream, dream
from lsp_server.evolution.project import Project
from lsp_server.session.evolution.past_runs import read_past_runs
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.data.past_runs import Planted, plant

PRECISION_MIN = 0.95
RECALL_MIN = 0.8


@pytest.fixture(scope="module", params=[1, 2, 3])
def dreamt(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Planted, Dream]:
    folder = tmp_path_factory.mktemp("planted")
    project = folder / "project"
    planted = plant(project, folder / "runs", request.param)
    workspace = Workspace(project)
    runs = read_past_runs(RunStore(folder / "runs"))
    told = [fact for fact in planted.facts if fact.trusted]
    return planted, dream(runs, told, Project(workspace, Ignore(workspace)))


def test_what_runs_show_is_learned_and_what_has_gone_is_retired(
    dreamt: tuple[Planted, Dream],
) -> None:
    planted, found = dreamt
    wanted = planted.learned | planted.retired
    learned = {one.text for one in found.suggestions if one.kind == "keep_fact"}
    retired = {one.target for one in found.suggestions if one.kind == "retire_fact"}
    got = learned | retired
    wrong, missed = got - wanted, wanted - got
    precision, recall = 1 - len(wrong) / len(got), 1 - len(missed) / len(wanted)
    assert precision >= PRECISION_MIN, wrong
    assert recall >= RECALL_MIN, missed
