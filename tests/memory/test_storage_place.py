from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.storage_errors import PlaceUnavailable, translate_errors
from lsp_server.memory.storage_place import StoragePlace

DATA, ROOT = Path("/data/memory"), Path("/home/me/project")
STORE = StoragePlace("s3://bucket/memory")


@pytest.mark.parametrize(
    ("uri", "starts", "is_local"),
    [
        (None, "/data/memory/tables", True),
        ("/mnt/shared", "/mnt/shared/", True),
        ("s3://bucket/memory/", "s3://bucket/memory/", False),
    ],
)
def test_each_workspace_has_a_place_of_its_own(
    uri: str | None, starts: str, is_local: bool
) -> None:
    place = StoragePlace.for_workspace(DATA, ROOT, uri)
    assert place.uri.startswith(starts)
    assert (place.folder is not None) is is_local
    if uri is not None:
        assert place != StoragePlace.for_workspace(DATA, ROOT / "other", uri)


def test_a_damaged_table_is_kept_until_it_is_deleted(tmp_path: Path) -> None:
    place = StoragePlace(str(tmp_path))
    (tmp_path / "facts.lance").mkdir()
    (tmp_path / "facts.lance" / "data").write_bytes(b"damaged")
    assert place.bytes_on_disk() == 7
    assert place.set_aside("facts")
    assert not place.set_aside("facts")
    assert (tmp_path / "facts.broken" / "data").read_bytes() == b"damaged"
    place.delete_set_aside()
    assert list(tmp_path.iterdir()) == []


def test_an_object_store_has_no_files_here() -> None:
    assert STORE.bytes_on_disk() is None
    assert not STORE.set_aside("facts")
    assert STORE.table_files("facts") == frozenset()


@pytest.mark.parametrize(
    ("place", "reason", "error", "fix"),
    [
        (StoragePlace("/x"), "No space left on device", PlaceUnavailable, "free some space"),
        (StoragePlace("/x"), "Permission denied", PlaceUnavailable, "fix the permissions"),
        (StoragePlace("/x"), "corrupt page", MemoryUnavailable, "the next index run repairs it"),
        (STORE, "403 Forbidden", PlaceUnavailable, "check memory.uri"),
    ],
)
def test_an_error_of_the_database_says_what_helps(
    place: StoragePlace, reason: str, error: type[MemoryUnavailable], fix: str
) -> None:
    with pytest.raises(MemoryUnavailable, match=fix) as raised, translate_errors("facts", place):
        raise OSError(reason)
    assert type(raised.value) is error
