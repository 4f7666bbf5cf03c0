"""A rule is added to the user's file, and nothing else of it changes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings.user_file import allow_always, default_user_file

RULE = "shell(pytest *)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, '[permissions]\nallow = ["shell(pytest *)"]\n'),
        ('# mine\n[model]\nname = "m"  # fast\n',
         '# mine\n[model]\nname = "m"  # fast\n\n[permissions]\nallow = ["shell(pytest *)"]\n'),
        ('[permissions]\nallow = ["edit(*)"]\n',
         '[permissions]\nallow = ["edit(*)", "shell(pytest *)"]\n'),
        ('[permissions]\r\nmode = "ask"\r\n[run]\r\n',
         '[permissions]\r\nmode = "ask"\r\nallow = ["shell(pytest *)"]\n[run]\r\n'),
        ('[permissions]\nallow = ["shell(pytest *)"]\n',
         '[permissions]\nallow = ["shell(pytest *)"]\n'),
    ],
    ids=["no file", "comments stay", "another rule", "line ends of Windows", "there already"],
)  # fmt: skip
def test_a_rule_is_added(tmp_path: Path, before: str | None, after: str) -> None:
    path = tmp_path / "config" / "config.toml"
    if before is not None:
        path.parent.mkdir()
        path.write_bytes(before.encode())
    assert allow_always(RULE, path) == path
    assert path.read_bytes().decode() == after
    assert list(path.parent.iterdir()) == [path]


def test_without_a_path_it_is_the_user_s_own_file() -> None:
    assert allow_always(RULE) == default_user_file()
    assert tomllib.loads(default_user_file().read_text())["permissions"]["allow"] == [RULE]


def test_a_file_that_is_kept_elsewhere_stays_there(tmp_path: Path) -> None:
    kept, path = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    kept.write_text("")
    path.symlink_to(kept)
    allow_always(RULE, path)
    assert path.is_symlink()
    assert RULE in kept.read_text()


@pytest.mark.parametrize(
    "text", ["[permissions", "permissions = 1\n", "[permissions]\nallow = 1\n"]
)
def test_a_file_that_cannot_be_changed_stays_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"shell\(pytest \*\) could not be added"):
        allow_always(RULE, path)
    assert path.read_text() == text
