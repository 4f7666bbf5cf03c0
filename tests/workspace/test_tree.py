from __future__ import annotations

from pathlib import Path

from lsp_server.workspace.checkpoints import tree
from lsp_server.workspace.checkpoints.blobs import Blobs
from lsp_server.workspace.checkpoints.file_state import NOT_KEPT, digest_of
from lsp_server.workspace.checkpoints.tree import WorkingTree
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.files import lay_out


def new_tree(
    root: Path,
    cache_file: Path | None = None,
    blobs: Blobs | None = None,
    racy_seconds: float = tree.RACY_SECONDS,
) -> WorkingTree:
    workspace = Workspace(root)
    return WorkingTree(
        workspace,
        Ignore(workspace),
        blobs=blobs,
        cache_file=cache_file,
        racy_seconds=racy_seconds,
    )


async def test_the_hash_moves_with_what_counts_and_only_with_that(project: Path) -> None:
    lay_out(project, {"a": "1", "b/c": "2", ".gitignore": "*.log\n"})
    looking = new_tree(project)
    first = await looking.hash()
    assert first == await looking.hash() == await new_tree(project).hash()

    lay_out(project, {"x.log": "", ".holdfast/goals.md": "evidence", ".git/HEAD": ""})
    assert await looking.hash() == first

    moved = [first]
    for change in (
        lambda: lay_out(project, {"a": "9"}),
        lambda: (project / "a").rename(project / "z"),
        lambda: (project / "z").chmod(0o755),
        (project / "b/c").unlink,
        lambda: (project / "link").symlink_to("z"),
    ):
        change()
        moved.append(await looking.hash())
    assert len(set(moved)) == len(moved)


async def test_a_change_of_the_same_size_right_after_a_look_is_seen(project: Path) -> None:
    looking = new_tree(project)
    seen = set()
    for text in "abcdefgh":
        with (lay_out(project, {}) / "f").open("w") as file:
            file.write(text)
        seen.add(await looking.hash())
    assert len(seen) == 8


async def test_the_cache_survives_and_a_broken_one_costs_nothing(
    project: Path, tmp_path: Path
) -> None:
    lay_out(project, {"a": "1"})
    cache = tmp_path / "data/tree.json"
    first = await new_tree(project, cache, racy_seconds=0).hash()
    assert cache.parent.stat().st_mode & 0o777 == 0o700
    assert await new_tree(project, cache, racy_seconds=0).hash() == first
    for broken in (
        "",
        "[1]",
        '{"a": 1}',
        '{"a": [[1], 2]}',
        "\ud800".encode("utf-8", "replace").decode(),
    ):
        cache.write_text(broken)
        assert await new_tree(project, cache, racy_seconds=0).hash() == first


async def test_a_file_whose_status_stands_still_is_not_read_again(
    project: Path, tmp_path: Path
) -> None:
    lay_out(project, {"a": "1", "b": "2"})
    blobs = Blobs(tmp_path / "blobs")
    await new_tree(project, tmp_path / "t.json", blobs, racy_seconds=0).hash()
    blobs.put(b"believed")
    cache = (tmp_path / "t.json").read_text()
    (tmp_path / "t.json").write_text(cache.replace(digest_of(b"1"), digest_of(b"believed")))
    again = new_tree(project, tmp_path / "t.json", blobs, racy_seconds=0)
    lay_out(project, {"b": "3"})
    names = await again.contents()
    assert [blobs.get(names[name]) for name in "ab"] == [b"believed", b"3"]


async def test_a_file_whose_content_was_lost_is_read_again(project: Path, tmp_path: Path) -> None:
    lay_out(project, dict.fromkeys("abc", "1") | {str(number): str(number) for number in range(40)})
    await new_tree(project, tmp_path / "t.json", Blobs(tmp_path / "lost"), racy_seconds=0).hash()
    blobs = Blobs(tmp_path / "blobs")
    names = await new_tree(project, tmp_path / "t.json", blobs, racy_seconds=0).contents()
    assert all(blobs.get(name) for name in names.values())


async def test_contents_are_kept_but_for_large_ones(project: Path, tmp_path: Path) -> None:
    lay_out(project, {"a": "1", ".holdfast/goals.md": "g"})
    with (project / "large").open("wb") as large:
        large.truncate(tree.FILE_BYTES_MAX + 1)
    blobs = Blobs(tmp_path / "blobs")
    names = await new_tree(project, blobs=blobs).contents()
    assert list(names) == [".holdfast/goals.md", "a", "large"]
    assert blobs.get(names["a"]) == b"1"
    assert names["large"].startswith(NOT_KEPT)
    assert blobs.get(names["large"]) is None


async def test_a_look_at_what_did_not_change_gives_the_same_answer(project: Path) -> None:
    lay_out(project, {"a": "1", "b/c": "2"})
    looking = new_tree(project)
    first = await looking.contents()
    assert await looking.contents() is first
    lay_out(project, {"b/c": "3"})
    assert await looking.contents() is not first


async def test_what_could_not_be_kept_is_kept_by_the_next_look(
    project: Path, tmp_path: Path
) -> None:
    lay_out(project, {"a": "1", "b": "2"})
    blobs = Blobs(tmp_path / "blobs")
    (tmp_path / "blobs").write_text("in the way")
    looking = new_tree(project, blobs=blobs, racy_seconds=0)
    await looking.contents()
    assert blobs.problem
    (tmp_path / "blobs").unlink()
    names = await looking.contents()
    assert [blobs.get(names[name]) for name in "ab"] == [b"1", b"2"]
    assert blobs.problem is None
