"""What every test gets: folders of its own, and no way to a real model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NOWHERE = "http://127.0.0.1:9/v1"
"""The discard port: a test that forgets to bring its model server fails at once."""


@pytest.fixture(autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of one's own, for this process and all that it starts."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("HOLDFAST_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, folder in {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_STATE_HOME": home / "state",
    }.items():
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("HOLDFAST_MODEL__BASE_URL", NOWHERE)
    # LanceDB takes a second to load; a test that is about memory turns it on.
    monkeypatch.setenv("HOLDFAST_MEMORY__ENABLED", "false")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project folder, canonical."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder.resolve()
