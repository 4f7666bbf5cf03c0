"""What commands that do harm can do in each sandbox: nothing.

By default a sample of the rows is run, another part of it under each mechanism and user.
"""

from __future__ import annotations

import secrets

import pytest

from lsp_server.sandbox import landlock
from tests.sandbox.corpus import Attack, attacks
from tests.sandbox.users import User, mechanisms, users

SAMPLE_STEP = 12
"""Of so many rows one is run by default."""

ALL = tuple(attacks())
USERS = users()
CASES = [(user, name) for user in USERS for name in mechanisms()]
IDS = [f"{name} as {user.name}" for user, name in CASES]


def got_out(user: User, mechanism: str, rows: tuple[Attack, ...], *options: str) -> list[str]:
    """The commands that had an effect."""
    effects = user.run(
        "tests.sandbox.arena",
        mechanism,
        *options,
        rows={str(number): row.command for number, row in enumerate(rows)},
        token=secrets.token_hex(16),
    )
    return [
        f"{row.command}: {effects[str(number)]}"
        for number, row in enumerate(rows)
        if effects[str(number)]
    ]


@pytest.mark.parametrize(("user", "mechanism"), CASES, ids=IDS)
def test_a_sample_of_attacks_gets_nowhere(user: User, mechanism: str) -> None:
    start = CASES.index((user, mechanism)) * SAMPLE_STEP // max(1, len(CASES))
    assert got_out(user, mechanism, ALL[start::SAMPLE_STEP]) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("user", "mechanism"), CASES, ids=IDS)
def test_no_attack_gets_anywhere(user: User, mechanism: str) -> None:
    assert len(ALL) >= 300
    assert got_out(user, mechanism, ALL) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("user", "mechanism"), CASES, ids=IDS)
def test_a_command_that_may_only_read_changes_nothing_inside_either(
    user: User, mechanism: str
) -> None:
    assert got_out(user, mechanism, ALL, "--reads-only") == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not landlock.version(), reason="there is no Landlock here")
@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_an_older_landlock_holds_all_but_signals(version: int) -> None:
    rows = tuple(row for row in ALL if row.kind in ("remove", "write", "read", "connection"))
    assert got_out(USERS[-1], f"landlock-{version}", rows) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_without_a_sandbox_the_attacks_do_harm() -> None:
    """A row that does nothing even then proves nothing."""
    rows = tuple(row for row in ALL if not row.harms_host)
    effects = USERS[0].run(
        "tests.sandbox.arena",
        "off",
        rows={str(number): row.command for number, row in enumerate(rows)},
        token=secrets.token_hex(16),
    )
    idle = [row.command for number, row in enumerate(rows) if not effects[str(number)]]
    # Some need a program that is not everywhere.
    assert len(idle) < len(rows) // 20, idle
