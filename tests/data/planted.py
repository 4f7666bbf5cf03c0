"""Secrets that are none: formats as services issue them, values drawn from a seed.

Plant the lines wherever text comes in, and look for the values wherever text is kept.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from types import MappingProxyType

COUNT = 200

_ALPHANUMERIC = string.ascii_letters + string.digits
_URL_SAFE = _ALPHANUMERIC + "-_"


@dataclass(frozen=True, slots=True)
class Planted:
    """`text` must not be found anywhere; `line` is how a person or a tool writes it.

    A private key's `line` takes several lines, and `text` is one of its body.
    """

    kind: str
    text: str
    line: str


def planted(count: int = COUNT, seed: int = 0) -> list[Planted]:
    """Equal for equal arguments; all kinds come in turn."""
    chance = random.Random(seed)
    makers = islice(cycle(KINDS.items()), count)
    return [Planted(kind, *make(chance)) for kind, make in makers]


def _drawn(chance: random.Random, alphabet: str, length: int) -> str:
    return "".join(chance.choices(alphabet, k=length))


def _password(chance: random.Random) -> str:
    """As password generators make them: every sort of character is there."""
    sorts = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    drawn = [chance.choice(sort) for sort in sorts]
    drawn += chance.choices(_ALPHANUMERIC, k=chance.randint(13, 21))
    chance.shuffle(drawn)
    return "".join(drawn)


def _written(chance: random.Random, name: str, value: str) -> str:
    """A line that gives a value to a name, in one of many syntaxes."""
    upper, lower = name.upper(), name.lower()
    forms = (
        f'{lower} = "{value}"',
        f"{upper}={value}",
        f"export {upper}='{value}'",
        json.dumps({lower: value}),
        f"{lower}: {value}",
        f'const {lower} = "{value}";',
        f'config["{lower}"] = "{value}"',
        f"  - {upper}={value}",
    )
    return chance.choice(forms)


def _token(
    chance: random.Random, *, name: str, prefixes: tuple[str, ...], alphabet: str, length: int
) -> tuple[str, str]:
    value = chance.choice(prefixes) + _drawn(chance, alphabet, length)
    # Half of them announce themselves by their shape alone.
    return value, _written(chance, name if chance.random() < 0.5 else "value", value)


def _private_key(chance: random.Random) -> tuple[str, str]:
    kind = chance.choice(
        ["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY"]
    )
    body = base64.b64encode(chance.randbytes(480)).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    block = "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"])
    line = block if chance.random() < 0.7 else json.dumps({"private_key": block})
    return chance.choice(lines), line


def _aws(chance: random.Random) -> tuple[str, str]:
    if chance.random() < 0.5:
        key = chance.choice(["AKIA", "ASIA"]) + _drawn(
            chance, string.ascii_uppercase + "234567", 16
        )
        return key, _written(chance, "aws_access_key_id", key)
    secret = _drawn(chance, _ALPHANUMERIC + "+/", 40)
    return secret, _written(chance, "aws_secret_access_key", secret)


def _slack(chance: random.Random) -> tuple[str, str]:
    if chance.random() < 0.3:
        hook = "/".join(
            [
                "T" + _drawn(chance, string.ascii_uppercase + string.digits, 9),
                "B" + _drawn(chance, string.ascii_uppercase + string.digits, 9),
                _drawn(chance, _ALPHANUMERIC, 24),
            ]
        )
        return hook, f'curl -X POST -d @body.json "https://hooks.slack.com/services/{hook}"'
    numbers = "-".join(_drawn(chance, string.digits, 12) for _ in range(2))
    value = f"xox{chance.choice('bps')}-{numbers}-{_drawn(chance, _ALPHANUMERIC, 24)}"
    return value, _written(chance, "slack", value)


def _package(chance: random.Random) -> tuple[str, str]:
    if chance.random() < 0.5:
        value = "npm_" + _drawn(chance, _ALPHANUMERIC, 36)
        return value, f"//registry.example/:_authToken={value}"
    value = "pypi-AgEIcHlwaS5vcmc" + _drawn(chance, _URL_SAFE, 140)
    return value, f"twine upload -u __token__ -p {value} dist/*"


def _json_web_token(chance: random.Random) -> tuple[str, str]:
    def part(content: Mapping[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    head = part({"alg": "HS256", "typ": "JWT"})
    body = part({"sub": str(chance.randrange(10**9)), "iat": chance.randrange(10**9)})
    value = f"{head}.{body}.{_drawn(chance, _URL_SAFE, 43)}"
    return value, chance.choice([f"Authorization: Bearer {value}", f'jwt = "{value}"'])


def _in_url(chance: random.Random) -> tuple[str, str]:
    value = _password(chance)
    scheme = chance.choice(["postgres", "mysql", "redis", "amqp", "mongodb+srv", "https"])
    url = f"{scheme}://app:{value}@db.internal:5432/main"
    return value, chance.choice([f"DATABASE_URL={url}", f'connect("{url}")', f"git clone {url}"])


def _bearer(chance: random.Random) -> tuple[str, str]:
    value = _drawn(chance, _ALPHANUMERIC, 40)
    forms = (
        f"curl -H 'Authorization: Bearer {value}' https://api.internal/v1",
        f'headers = {{"Authorization": "Bearer {value}"}}',
        f"> authorization: Bearer {value}",
    )
    return value, chance.choice(forms)


def _named(chance: random.Random) -> tuple[str, str]:
    names = ("password", "db_password", "client_secret", "secret_key", "api_key", "auth_token")
    value = _password(chance)
    if chance.random() < 0.3:
        flag = chance.choice(["--password", "--api-key", "--token"])
        return value, f"deploy {flag}{chance.choice(['=', ' '])}{value} --host db.internal"
    return value, _written(chance, chance.choice(names), value)


def _named_or_bearer(chance: random.Random) -> tuple[str, str]:
    return _named(chance) if chance.random() < 0.7 else _bearer(chance)


KINDS: Mapping[str, Callable[[random.Random], tuple[str, str]]] = MappingProxyType(
    {
        "private-key": _private_key,
        "aws-key": _aws,
        "github-token": partial(
            _token,
            name="github_token",
            prefixes=("ghp_", "gho_", "ghs_"),
            alphabet=_ALPHANUMERIC,
            length=36,
        ),
        "gitlab-token": partial(
            _token, name="gitlab_token", prefixes=("glpat-",), alphabet=_URL_SAFE, length=20
        ),
        "slack-token": _slack,
        "google-key": partial(
            _token, name="google_key", prefixes=("AIza",), alphabet=_URL_SAFE, length=35
        ),
        "stripe-key": partial(
            _token,
            name="stripe_key",
            prefixes=("sk_live_", "rk_live_", "sk_test_"),
            alphabet=_ALPHANUMERIC,
            length=24,
        ),
        "model-key": partial(
            _token,
            name="model_key",
            prefixes=("sk-proj-", "sk-ant-api03-", "sk-"),
            alphabet=_URL_SAFE,
            length=48,
        ),
        "package-token": _package,
        "json-web-token": _json_web_token,
        "url-password": _in_url,
        "named-value": _named_or_bearer,
    }
)
