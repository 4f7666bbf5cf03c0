from __future__ import annotations

import json
import random
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.redaction.given_values import GIVEN_VALUES
from lsp_server.redaction.marks import MARK
from lsp_server.redaction.own_shapes import OWN
from lsp_server.redaction.secret_shapes import GITLEAKS
from lsp_server.redaction.secrets import Secrets, is_secret_file, redact
from lsp_server.redaction.shapes import Shape
from tests.data.hostile import HOSTILE, hostile
from tests.data.issued import issued
from tests.data.matching import is_bounded, matching
from tests.data.planted import planted

KEY_BODY = "MIIEowIBAAKCAQEA7bq0xM9l\nQJ3vT8kzW2mF5pYd\n"

SECRETS = [
    ("private-key", f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}-----END RSA PRIVATE KEY-----"),
    ("aws-key", "AKIA" + "QY7PK3MZ5WVX2LNB"),
    ("github-token", "ghp_" + "a8Kd03jfLq9ZmX71bVnR5tYw2cEsUoPh64gT"),
    ("github-token", "github_pat_" + "11A8Kd03jfLq9ZmX71bVn_" + "R5tYw2cEsUoPh64gTa8Kd03jfLq9ZmX71bVnR5tYw2"),
    ("gitlab-token", "glpat-" + "x7Kq2Lm9Zr4Tn8Wd3Pv1"),
    ("slack-token", "xoxb-" + "718293645019-a8Kd03jfLq9Z"),
    ("slack-hook", "https://hooks.slack.com/services/T02AB8K1/" + "B93JD7Q/a8Kd03jfLq9ZmX71bVnR5t"),
    ("google-key", "AIza" + "SyB8kq03jfLq9ZmX71bVnR5tYw2cEsUoPh6"),
    ("stripe-key", "sk_live_" + "a8Kd03jfLq9ZmX71bVnR5tYw"),
    ("model-key", "sk-ant-api03-" + "a8Kd03jfLq9ZmX71bVnR5tYw"),
    ("package-token", "npm_" + "a8Kd03jfLq9ZmX71bVnR5tYw2cEsUoPh64gT"),
    ("mail-key", "SG." + "a8Kd03jfLq9ZmX71bV." + "R5tYw2cEsUoPh64gTa8Kd03jfLq9"),
    ("json-web-token", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NSJ9." + "a8Kd03jfLq9ZmX71bVnR"),
    ("url-password", "postgres://app:" + "q9ZmX71bVn@db.internal/main"),
    ("bearer-token", "Authorization: Bearer " + "a8Kd03jfLq9ZmX71bVnR5tYw"),
    ("value", 'password = "' + 'q9ZmX71bVn"'),
    ("value", "api_key: '" + "a8Kd03jfLq9ZmX71'"),
    ("value", 'config["client_secret"] = "' + 'Zr4Tn8Wd3Pv1x7"'),
    ("value", "DB_PASSWORD=" + "a8Kd03jfLq9ZmX71bVnR"),
    ("value", "api_key: str = '" + "a8Kd03jfLq9ZmX71'"),
]  # fmt: skip
HARMLESS = [
    'password = "password"',
    'token = "<your token>"',
    "token = tokens[0]",
    "password = getpass.getpass()",
    "token: str = get_token(settings)",
    'api_key = os.environ["API_KEY"]',
    "secret = derive_secret(master_secret, salt)",
    "https://example.com/a:b@c",
    'url = f"http://{user}:{password}@{host}"',
    "sk-learn",
    "task-force-a-long-name-of-something",
    "tokenizer: BertTokenizerFast",
    "api_key: ${{ secrets.API_KEY }}",
    "def test_password_is_hashed_with_argon2_by_default(): ...",
    "secret_key = settings.SECRET_KEY_FALLBACK",
    "postgresql://user:password@host/database",
    "--token-file token.txt --password-stdin",
    "docker run -u 1000:1000 --secret id=mysecret",
    "https://registry.internal:443/@scope/package",
    "github_token = ghp_" + "x" * 36,
    'if line == "-----BEGIN PRIVATE KEY-----": body = read_until("-----END PRIVATE KEY-----")',
    "Set-Cookie: PART_NUMBER=ROCKET_LAUNCHER_0001; path=/",
    "Authorization: Basic <base64 of user:password>",
    "twitter: somebody_with_a_long_name_there",
    "password: str = field(default_factory=str)",
    "password=password2, confirmation=password1",
    "Password=Password;",
    "auth: bool, discord: Client, linear: bool",
]
WRAPPINGS: dict[str, Callable[[str], str]] = {
    "alone": str,
    "json": lambda text: json.dumps({"content": text}),
    "json twice": lambda text: json.dumps(json.dumps({"content": text})),
    "repr": repr,
    "inside a line": lambda text: f"x {text} y",
    "diff": lambda text: "+" + text.replace("\n", "\n+"),
    "grep": lambda text: f"src/a.py:12:{text}",
}


@pytest.mark.parametrize(("kind", "secret"), SECRETS, ids=lambda text: str(text)[:18])
def test_a_secret_is_blacked_out(kind: str, secret: str) -> None:
    text = f"before\n{secret}\nafter\n"
    redacted = redact(text)
    assert redacted.count == 1
    assert f"redacted:{kind}:" in redacted.text
    assert redacted.text.count("\n") == text.count("\n")
    tail = max(secret.replace('"', "").replace("'", "").replace("@", " ").split(), key=len)[-10:]
    assert tail not in redacted.text
    assert redacted.text.startswith("before\n")
    assert redacted.text.endswith("\nafter\n")


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_no_planted_secret_passes_however_it_is_quoted(wrapping: str) -> None:
    wrap = WRAPPINGS[wrapping]
    assert [one for one in planted(600) if one.text in redact(wrap(one.line)).text] == []


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_no_service_s_secret_passes_however_it_is_quoted(wrapping: str) -> None:
    wrap = WRAPPINGS[wrapping]
    once = {one: redact(wrap(one.line)).text for one in issued()}
    assert [one.kind for one, text in once.items() if one.text in text] == []
    assert [one.kind for one, text in once.items() if redact(text).text != text] == []


@pytest.mark.parametrize("shape", GITLEAKS, ids=lambda shape: shape.kind)
def test_what_a_generated_shape_describes_is_found(shape: Shape) -> None:
    chance = random.Random(shape.kind)
    drawn = [matching(shape.pattern, chance) for _ in range(12)]
    found = [MARK.search(redact(f"x {text} y").text) is not None for text in drawn]
    assert sum(found) >= 9, "a text may by chance look like a word"


@pytest.mark.parametrize(
    "shape", [*OWN, *GITLEAKS, *GIVEN_VALUES], ids=lambda shape: shape.keywords[0]
)
def test_no_shape_repeats_anything_without_a_bound(shape: Shape) -> None:
    assert is_bounded(shape.pattern)
    assert all(keyword == keyword.lower() for keyword in shape.keywords)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_looked_through(name: str) -> None:
    """In time; how it grows is measured by benchmarks/secrets.py."""
    text = hostile(name, 300_000)
    assert redact(text).text.count("\n") == text.count("\n")


@pytest.mark.parametrize("text", HARMLESS)
def test_code_about_secrets_stays_readable(text: str) -> None:
    assert redact(text).text == text


def test_equal_secrets_stay_equal() -> None:
    one, two, other = (redact(f"url://u:{value}@h").text for value in ("q9ZmX7", "q9ZmX7", "Zr4Tn"))
    assert one == two != other


@given(st.text())
def test_redacting_keeps_lines_and_is_done_once(text: str) -> None:
    once = redact(text)
    assert once.text.count("\n") == text.count("\n")
    assert redact(once.text).text == once.text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".env", True),
        ("app/.env.production", True),
        (".env.example", False),
        ("certs/server.pem", True),
        ("home/.ssh/id_ed25519", True),
        ("deploy/prod.env", True),
        ("deploy/prod.env.example", False),
        (".git-credentials", True),
        ("infra/live.auto.tfvars", True),
        (".dev.vars", True),
        ("kubeconfig", True),
        ("src/dotenv.py", False),
        ("src/environment.py", False),
        ("docs/keys.md", False),
    ],
)
def test_files_for_secrets_are_known_by_name(path: str, expected: bool) -> None:
    assert is_secret_file(path) is expected


def test_false_alarms_are_rare_in_the_standard_library() -> None:
    """At most one in two megabytes of code, its tests left out."""
    files = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("[a-m]*.py"))
    texts = [file.read_text("utf-8", "replace") for file in files]
    megabytes = sum(map(len, texts)) / 1e6
    assert sum(redact(text).count for text in texts) <= megabytes / 2


def test_a_text_that_was_plain_is_looked_over_for_what_became_known() -> None:
    text = "the word is swordfish-9\n" + "nothing to hide\n" * 100
    assert redact(text).text == redact(text).text == text
    later = redact(text, Secrets(("swordfish-9",)))
    assert "swordfish-9" not in later.text
    assert later.count == 1
    assert redact(text).text == text
