"""Which variables a sandboxed process gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.sandbox.environment import sandbox_environment
from lsp_server.sandbox.policy import Policy


@pytest.mark.parametrize(
    "name",
    [
        *("GITHUB_TOKEN", "GH_TOKEN", "NPM_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        *("AWS_SESSION_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DB_PASSWORD", "PGPASSWORD"),
        *("MYSQL_PWD", "SECRET_KEY_BASE", "DJANGO_SECRET_KEY", "SENTRY_DSN", "AZURE_CLIENT_SECRET"),
        *("GOOGLE_APPLICATION_CREDENTIALS", "api_key", "STRIPE_SECRET", "CARGO_REGISTRY_TOKEN"),
        *("SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "XDG_RUNTIME_DIR", "TMUX"),
        *("DOCKER_HOST", "KUBECONFIG", "GIT_ASKPASS", "VSCODE_IPC_HOOK_CLI", "HF_TOKEN2"),
        *("GITLAB_PAT", "VAULT_TOKEN_1", "JWT_SIGNING_KEY", "APIKEY", "TWINE_PASSWORD"),
    ],
)
def test_keys_and_doors_are_left_out(name: str) -> None:
    assert name not in sandbox_environment({name: "x"}, Policy(()), as_root=False)


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "LANG", "VIRTUAL_ENV", "PYTHONPATH", "CARGO_HOME", "JAVA_HOME", "CI"),
        *("NODE_OPTIONS", "KEYBOARD", "MONKEY", "TOKENIZERS_PARALLELISM", "AUTHOR", "COMPASS"),
        *("GIT_AUTHOR_NAME", "KEYMAP", "PATH_TO_KEY_FILE", "PASSENGER", "TZ", "EDITOR", "PATTERN"),
    ],
)
def test_others_are_kept(name: str) -> None:
    assert sandbox_environment({name: "x"}, Policy(()), as_root=False)[name] == "x"


def test_temporary_files_go_to_the_scratch_folder() -> None:
    found = sandbox_environment({"TMPDIR": "/tmp"}, Policy((), scratch=Path("/s")), as_root=False)
    assert {found[name] for name in ("TMPDIR", "TMP", "TEMP")} == {"/s"}


def test_roots_tar_keeps_files_its_own() -> None:
    assert sandbox_environment({"TAR_OPTIONS": "-v"}, Policy(()), as_root=True)["TAR_OPTIONS"] == (
        "-v --no-same-owner"
    )
