"""Which procedures sixty planted runs show, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.evolution.distillation import distill
from lsp_server.evolution.procedures import Procedure, procedures
from lsp_server.evolution.project import Project
from lsp_server.evolution.run_steps import Step
from lsp_server.session.evolution.past_runs import read_past_runs
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.data.past_procedures import PROCEDURES
from tests.data.past_runs import ORDER, SECRET, plant


def planted_form(procedure: Procedure) -> tuple[str, ...]:
    return tuple(
        step.what if step.kind == "run" else f"edit {step.what}" for step in procedure.steps
    )


@pytest.mark.parametrize("seed", [1, 2, 3, 101, 102, 103])
def test_what_recurs_is_found_and_nothing_else(tmp_path: Path, seed: int) -> None:
    project = tmp_path / "project"
    plant(project, tmp_path / "runs", seed)
    runs = read_past_runs(RunStore(tmp_path / "runs"))
    assert {planted_form(one) for one in procedures(runs)} == set(PROCEDURES)

    workspace = Workspace(project)
    found = distill(runs, (), Project(workspace, Ignore(workspace)), "2026-01-05")
    assert [one.kind for one in found.drafts] == ["keep_skill"] * len(PROCEDURES)
    written = "".join(one.text for one in found.drafts)
    assert not [text for text in (ORDER, SECRET, "evil", "steal") if text in written]
    for one in found.drafts:
        assert len(one.sources) >= 2
        assert one.cases
        assert not set(one.cases) & set(one.sources)


def test_a_step_says_what_it_is() -> None:
    assert Step("run", "make test").checks
    assert not Step("run", "make dist").checks
    assert Step("change", "a.md").text == "Change `a.md`."
