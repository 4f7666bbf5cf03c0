"""What is in the images of a run, beside its journal."""

from __future__ import annotations

from pathlib import Path

from lsp_server.domain.message_events import MessageReceived
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import run_folder
from lsp_server.session.image_store import ImageStore
from lsp_server.workspace.files.images import load_image
from tests.data.images import GIF, PNG


def kept(store: ImageStore, data: bytes) -> MessageReceived:
    event = store.keep(MessageReceived("Look.", "steer", (load_image(data, "a"),)))
    assert isinstance(event, MessageReceived)
    return event


def test_an_attempt_has_the_images_of_the_run_that_began_it(tmp_path: Path) -> None:
    parent = ImageStore(run_folder(tmp_path, RunId("a")))
    child = ImageStore(run_folder(tmp_path, RunId("a.1.2")))
    (given,) = kept(parent, PNG).images
    (own,) = kept(child, GIF).images
    assert (child.load(given), child.load(own)) == (PNG, GIF)
    assert (parent.load(given), parent.load(own)) == (PNG, None)
    assert child.keep(MessageReceived("Look.", "steer", (given,))).images == (given,)  # type: ignore[union-attr]


def test_what_was_damaged_counts_as_gone(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    (image,) = kept(store, PNG).images
    (tmp_path / "images" / image.digest).write_bytes(PNG[:-1])
    assert store.load(image) is None
