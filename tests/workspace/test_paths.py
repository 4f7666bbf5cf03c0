from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.errors import ToolError
from lsp_server.workspace.files.paths import Workspace
from tests.harness.files import lay_out


@pytest.fixture
def workspace(project: Path) -> Workspace:
    lay_out(project, {"src/a.py": "", "emoji 🎉/ä.txt": ""})
    outside = project.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    (project / "out").symlink_to(outside)
    (project / "to_a").symlink_to("src/a.py")
    (project / "loop").symlink_to("loop")
    return Workspace(project)


@pytest.mark.parametrize(
    ("written", "relative"),
    [
        ("src/a.py", "src/a.py"),
        ("./src/../src/a.py", "src/a.py"),
        (".", "."),
        ("to_a", "src/a.py"),
        ("new/deep/file.txt", "new/deep/file.txt"),
        ("emoji 🎉/ä.txt", "emoji 🎉/ä.txt"),
        ("~/x", "~/x"),
        ("src/a.py/..", "src"),
    ],
)
def test_a_path_inside_is_canonical(workspace: Workspace, written: str, relative: str) -> None:
    path = workspace.resolve(written)
    assert workspace.relative(path) == relative
    assert workspace.resolve(str(workspace.root / written)) == path
    assert workspace.resolve((workspace.root / relative).as_uri()) == path


@pytest.mark.parametrize(
    "written",
    ["..", "../x", "/etc/passwd", "out", "out/secret", "src/../../x", "file:///etc/passwd"],
)
def test_a_path_outside_is_located_but_not_resolved(workspace: Workspace, written: str) -> None:
    path = workspace.locate(written)
    assert not workspace.inside(path)
    assert workspace.relative(path) == path.as_posix()
    with pytest.raises(ToolError, match="outside of the workspace"):
        workspace.resolve(written)


@pytest.mark.parametrize(
    "written", ["", "a\0b", "a\nb", "a\rb", "\ud800", "file://host/x", "file:", "loop/x"]
)
def test_what_is_no_path_is_refused(workspace: Workspace, written: str) -> None:
    with pytest.raises(ToolError):
        workspace.locate(written)


def test_a_sibling_with_the_same_prefix_is_outside(workspace: Workspace) -> None:
    assert not workspace.inside(Path(f"{workspace.root}-other/x"))
