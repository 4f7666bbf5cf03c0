"""What the tests of this room share: a cluster of three nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.ray_cluster import RayNodes, started_cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayNodes]:
    """A cluster of three nodes, on which the settings are those of a test."""
    folder = str(tmp_path_factory.mktemp("settings"))
    alike = {
        "XDG_CONFIG_HOME": folder,
        "XDG_DATA_HOME": folder,
        "HOLDFAST_MEMORY__ENABLED": "false",
    }
    with started_cluster(3, **alike) as nodes:
        yield nodes
