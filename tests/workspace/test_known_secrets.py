"""What is secret by its value comes from three places; its marks are made with a key of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.redaction.secrets import redact
from lsp_server.workspace.files.known_secrets import KEY_BYTES, KnownSecrets, mark_key

ENDPOINT_KEY, OF_ENVIRONMENT, OF_FILE = "vRq7mWx2pLd9", "vRq7mWx2pLd9-and-more", "Zk4TnbQ8yH2f"


@pytest.fixture
def known(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownSecrets:
    monkeypatch.setenv("CABLE_PASSWORD", OF_ENVIRONMENT)
    (project / ".env").write_text(f"CABLE={OF_FILE}\n")
    return KnownSecrets(project, tmp_path / "data", lambda: [ENDPOINT_KEY])


def test_all_places_count_and_none_cuts_another(known: KnownSecrets) -> None:
    known.look()
    text = redact(f"{ENDPOINT_KEY} {OF_ENVIRONMENT} {OF_FILE}", known()).text
    assert not any(part in text for part in (ENDPOINT_KEY, "and-more", OF_FILE))


@pytest.mark.parametrize("name", ["HOLDFAST_API_KEY", "OPENAI_API_KEY"])
@pytest.mark.parametrize(
    "key",
    ["x", "no", "none", "test", "ollama", "local", "EMPTY", "lm-studio", "sk-no-key-required"],
)
def test_a_word_that_stands_for_a_key_is_no_secret(
    key: str, name: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, key)
    (project / ".env").write_text(f"{name}={key}\n")
    secrets = KnownSecrets(project, tmp_path / "data", lambda: [key])
    text = f"app/{key}_models.py: {name}={key}"
    assert redact(text, secrets()).text == text


@pytest.mark.parametrize("key", [ENDPOINT_KEY, "12345678", "sk-Zk4TnbQ8yH2f", "abcdefghijklmnop"])
def test_the_key_of_the_endpoint_is_one(key: str, project: Path, tmp_path: Path) -> None:
    secrets = KnownSecrets(project, tmp_path / "data", lambda: [key])
    assert key not in redact(f"curl -k {key}", secrets()).text


def test_what_is_looked_for_in_files_is_not_the_key_of_the_endpoint(known: KnownSecrets) -> None:
    assert {OF_FILE, OF_ENVIRONMENT} <= set(known.look().values)
    assert ENDPOINT_KEY not in known.look().values


def test_marks_mean_the_same_tomorrow_and_nothing_to_others(project: Path, tmp_path: Path) -> None:
    def mark(data: str) -> str:
        secrets = KnownSecrets(project, tmp_path / data, lambda: [ENDPOINT_KEY])
        return redact(ENDPOINT_KEY, secrets()).text

    assert mark("mine") == mark("mine") != mark("yours")


def test_the_key_is_private_and_its_loss_does_no_harm(tmp_path: Path) -> None:
    kept = mark_key(tmp_path / "data")
    assert len(kept) == KEY_BYTES
    file = tmp_path / "data" / "marks.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    file.write_bytes(b"short")
    assert len(mark_key(tmp_path / "data")) == KEY_BYTES
    (tmp_path / "file").touch()
    assert len(mark_key(tmp_path / "file")) == KEY_BYTES
