"""The profile for macOS, as text: nothing here has run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lsp_server.sandbox.policy import NetworkAccess, Policy
from lsp_server.sandbox.seatbelt import seatbelt_profile

POLICY = Policy(
    writable=(Path("/Users/p/work"),),
    protected=(Path("/Users/p/work/.git"),),
    hidden=(Path("/Users/p/.ssh"), Path("/Users/p/work/.env")),
    scratch=Path("/private/tmp/s"),
)


def deciding_rule(profile: str, what: str, path: str) -> str:
    """The verb of the last rule about the operation that the path fits, as Seatbelt reads it."""
    found = "deny"
    for verb, operations, places in re.findall(
        r"\((allow|deny) ((?:[\w*-]+ ?)+)((?:\([^()]*\)\s*)*)\)", profile
    ):
        names = operations.split()
        fits = any(re.fullmatch(name.replace("*", ".*"), what) for name in names)
        folders = re.findall(r'\((?:subpath|literal) "([^"]*)"\)', places)
        if fits and (not places or any(Path(path).is_relative_to(one) for one in folders)):
            found = verb
    return found


@pytest.mark.parametrize(
    ("path", "writes", "reads"),
    [
        ("/Users/p/work/a.py", "allow", "allow"),
        ("/Users/p/work/.git/config", "deny", "allow"),
        ("/Users/p/work/.env", "deny", "deny"),
        ("/Users/p/.ssh/id", "deny", "deny"),
        ("/Users/p/.zshrc", "deny", "allow"),
        ("/private/tmp/s/x", "allow", "allow"),
        ("/private/tmp/x", "deny", "allow"),
        ("/dev/null", "allow", "allow"),
    ],
)
def test_the_last_rule_about_a_place_is_the_policy(path: str, writes: str, reads: str) -> None:
    profile = seatbelt_profile(POLICY)
    assert deciding_rule(profile, "file-write-data", path) == writes
    assert deciding_rule(profile, "file-read-data", path) == reads


@pytest.mark.parametrize(
    ("network", "reached"), [("off", None), ("loopback", "localhost:*"), ("on", "*:*")]
)
def test_the_network_is_as_open_as_the_policy_says(
    network: NetworkAccess, reached: str | None
) -> None:
    profile = seatbelt_profile(Policy((), network=network))
    found = re.findall(r'network-outbound \(remote ip "([^"]*)"', profile)
    assert found == ([reached] if reached else [])


def test_a_strange_path_stays_a_text() -> None:
    profile = seatbelt_profile(Policy((Path('/a"b\\c) (allow default'),)))
    assert '(subpath "/a\\"b\\\\c) (allow default")' in profile


def test_its_parentheses_match() -> None:
    profile = seatbelt_profile(POLICY)
    assert profile.count("(") == profile.count(")")
    assert profile.startswith("(version 1)\n(deny default)\n")
