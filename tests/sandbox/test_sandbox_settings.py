"""What the settings of the sandbox open and close, for commands under each mechanism."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest

from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.sandbox.choice import Mechanism, probed
from lsp_server.sandbox.places import CACHES
from lsp_server.settings.sandbox_settings import PackageCache
from lsp_server.settings.sections import Settings
from lsp_server.workspace.commands.commands import HostCommandRunner
from tests.harness.files import lay_out

Values = dict[str, list[str]]


@pytest.fixture(params=["bubblewrap", "landlock", "seatbelt"])
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    name: Mechanism = request.param
    if not probed(name).holds:
        pytest.skip(f"{name} does not hold here")
    return name


async def works(project: Path, mechanism: Mechanism, values: Values, command: str) -> bool:
    settings = Settings.model_validate(
        {"permissions": {"mode": "sandboxed"}, "sandbox": {"mode": mechanism, **values}}
    )
    commands = Sandboxes(project.resolve(), (), HostCommandRunner()).commands(lambda: settings)
    result = await commands.run(command, project.resolve(), timeout_seconds=20)
    return result.exit_status == 0


async def makes(project: Path, mechanism: Mechanism, values: Values, name: str) -> bool:
    """Whether a command makes that file, as seen from outside: a private /tmp is none of ours."""
    path = project.resolve() / Path(name).expanduser()
    await works(project, mechanism, values, f"mkdir -p {path.parent}; echo x > {path}")
    return path.exists()


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"caches": ["pip"]}, "~/.cache/pip/x"),
        ({"caches": ["npm", "uv"]}, "~/.cache/uv/x"),
        ({"caches": ["cargo"]}, "~/.cargo/git/checkouts/a/b/.git/HEAD"),
        ({"write": ["~/notes"]}, "~/notes/a"),
        ({"write": ["../beside"]}, "../beside/a"),
        ({"write": ["~/.aws"]}, "~/.aws/x"),
    ],
)
async def test_what_is_named_is_open_and_nothing_else(
    project: Path, mechanism: Mechanism, values: Values, name: str
) -> None:
    lay_out(Path.home(), {"notes/n": "", ".cache/c": "", ".aws/credentials": ""})
    lay_out(project.parent, {"beside/b": ""})
    assert not await makes(project, mechanism, {}, name)
    assert await makes(project, mechanism, values, name)
    for other in ("~/x", "~/.cache/pip-x", "../x", "~/.cargo/config.toml", "~/.ssh/x"):
        assert not await makes(project, mechanism, values, other)


def test_the_whole_disk_is_no_folder_to_open() -> None:
    with pytest.raises(ValueError, match=r"sandbox\.write"):
        Settings.model_validate({"sandbox": {"write": ["/"]}})


@pytest.mark.parametrize(
    "command", ["echo x > /dev/null", "test -c /dev/null", "test -d /proc/self"]
)
async def test_a_workspace_may_be_the_whole_disk(mechanism: Mechanism, command: str) -> None:
    assert await works(Path("/"), mechanism, {}, command)


async def test_where_it_is_the_kernel_and_devices_stay_closed(mechanism: Mechanism) -> None:
    setting = "/proc/sys/vm/swappiness"
    assert not await works(Path("/"), mechanism, {}, f"n=$(cat {setting}); echo $n > {setting}")


@pytest.mark.parametrize(
    ("values", "command"),
    [
        ({"hide": ["private"]}, "cat private/key"),
        ({"hide": ["~/diary"]}, "cat ~/diary/today"),
        ({"hide": ["~/diary/today"]}, "cat ~/diary/today"),
        ({"hide": ["../beside"]}, "cat ../beside/b"),
    ],
)
async def test_what_is_hidden_is_not_read(
    project: Path, mechanism: Mechanism, values: Values, command: str
) -> None:
    lay_out(Path.home(), {"diary/today": "x"})
    lay_out(project, {"private/key": "x", "open": "x"})
    lay_out(project.parent, {"beside/b": "x"})
    shown = {"write": ["~/diary", "../beside"]}
    assert await works(project, mechanism, shown, command)
    assert not await works(project, mechanism, {**values, "write": []}, command)
    assert await works(project, mechanism, values, "cat open")


async def test_a_hidden_place_stays_hidden_where_more_may_be_written(
    project: Path, mechanism: Mechanism
) -> None:
    lay_out(Path.home(), {".ssh/id": "x"})
    assert not await works(project, mechanism, {"write": ["~"]}, "cat ~/.ssh/id")


async def test_a_device_is_used_once_it_is_named(project: Path, mechanism: Mechanism) -> None:
    device = next((name for name in ("/dev/fuse", "/dev/kvm", "/dev/net/tun") if usable(name)), "")
    if not device:
        pytest.skip("there is no device to use here")
    command = f"test -c {device} && exec 3<>{device}"
    assert not await works(project, mechanism, {}, command)
    assert await works(project, mechanism, {"devices": [device]}, command)


def usable(name: str) -> bool:
    try:
        Path(name).open("r+b", buffering=0).close()
    except OSError:
        return False
    return True


def test_the_setting_names_the_caches_that_are_known() -> None:
    assert set(typing.get_args(PackageCache)) == set(CACHES)
