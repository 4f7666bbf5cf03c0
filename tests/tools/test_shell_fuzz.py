"""A slice of `scripts/fuzz_shell.py`: free command lines by chance, really run, change and read nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.fuzz_shell import Fuzz
from scripts.shell_fuzz.throwaway_tree import PATH, SHELLS, WITHOUT_GLOBSKIPDOTS, ThrowawayTree
from tests.sampling import sampled


@pytest.fixture
def fuzz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fuzz:
    for program in ("bwrap", "bash", "dash", "git"):
        if shutil.which(program, path=PATH) is None:
            pytest.skip(f"needs {program}")
    monkeypatch.setenv("PATH", PATH)
    (tmp_path / "tree").mkdir()
    return Fuzz(ThrowawayTree((tmp_path / "tree").resolve()), seed=20)


def test_what_is_free_changes_and_reads_nothing(fuzz: Fuzz) -> None:
    fuzz.run(sampled(8_000))
    assert fuzz.free > fuzz.lines // 100
    assert fuzz.findings == []


@pytest.mark.parametrize(
    ("line", "shells", "effect"),
    [
        ("touch y", tuple(SHELLS), "changed"),
        ("cat ../x", tuple(SHELLS), "printed a decoy"),
        ("cat .env", tuple(SHELLS), "printed a secret"),
        ("head -c1 .env >/dev/null", tuple(SHELLS), "read"),
        ("cat src/up/x", tuple(SHELLS), "printed a decoy"),
        ("ls ~ >/dev/null", tuple(SHELLS), "read"),
        ("ls ..", tuple(SHELLS), "printed a decoy"),
        ("cat .*/x", (WITHOUT_GLOBSKIPDOTS, "dash"), "printed a decoy"),
    ],
)
def test_an_effect_is_seen(fuzz: Fuzz, line: str, shells: tuple[str, ...], effect: str) -> None:
    fuzz.prepare()
    for shell in SHELLS:
        output = fuzz.tree.run(shell, ["true", line])
        seen = list(fuzz.tree.effects(output, secrets_may_be_read=False))
        assert any(text.startswith(effect) for text in seen) == (shell in shells), (shell, seen)
