"""This module declares what can be set about the sandbox, and about what is fetched from the web."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, field_validator

from lsp_server.settings.section import Section
from lsp_server.settings.values import Positive, PositiveSeconds, as_list

NetworkSetting: TypeAlias = Literal["off", "loopback", "on"]

NETWORKS: tuple[NetworkSetting, ...] = ("off", "loopback", "on")
"""From the narrowest to the widest."""

_HOST_NAME = re.compile(
    r"(\*\.)?[A-Za-z0-9_-][A-Za-z0-9._-]*(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?"
)


def _shown_pattern(pattern: str) -> Any:
    """The pattern by which an editor marks a wrong value; what is said of it is ours."""
    return Field(json_schema_extra={"pattern": pattern})


def _host_name(text: str) -> str:
    """Refuses what is no name of a host. Raises ValueError."""
    if not _HOST_NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is no host; write its name without scheme and path, as in pypi.org, "
            "*.pythonhosted.org or localhost:8080"
        )
    return text


def _one_place(text: str) -> str:
    """Refuses what would name no place at all: a pattern, or the home of nobody. Raises ValueError."""
    if "*" in text or "?" in text:
        raise ValueError(f"{text!r} is a pattern, and only a path is understood")
    try:
        Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"{text!r} is in the home folder of nobody known here") from None
    return text


def _folder(text: str) -> str:
    """Refuses the whole disk, for which no sandbox is needed. Raises ValueError."""
    if not text.strip("/"):
        raise ValueError(f"{text!r} names no folder below the whole disk")
    return text


def _device(text: str) -> str:
    """Refuses what is no device file. Raises ValueError."""
    if not text.startswith("/dev/"):
        raise ValueError(f"{text!r} does not begin with /dev/, where device files are")
    return text


HostName: TypeAlias = Annotated[
    str, AfterValidator(_host_name), _shown_pattern(f"^({_HOST_NAME.pattern})$")
]
Place: TypeAlias = Annotated[str, AfterValidator(_one_place)]
WritableFolder: TypeAlias = Annotated[
    str, AfterValidator(_folder), AfterValidator(_one_place), _shown_pattern("[^/]")
]
DeviceFile: TypeAlias = Annotated[str, AfterValidator(_device), _shown_pattern("^/dev/")]
PackageCache: TypeAlias = Literal[
    "cargo", "go", "gradle", "maven", "npm", "pip", "pnpm", "uv", "yarn"
]


class SandboxSettings(Section):
    """This section sets what commands in the sandbox may write, read and reach."""

    mode: Literal["auto", "bubblewrap", "landlock", "seatbelt", "off"] = "auto"
    """What confines commands: `auto` takes the strongest that holds on this machine; `off` confines nothing."""
    network: NetworkSetting = "off"
    """What commands reach: nothing, only themselves (`loopback`), or all. Commands that only read: nothing."""
    hosts: tuple[HostName, ...] = ()
    """What commands reach by its name where the network is not `on`, as in `pypi.org`, `*.pythonhosted.org`, `localhost:8080`; with bubblewrap alone."""
    write: tuple[WritableFolder, ...] = ()
    """Further folders that commands may change, as in `~/notes`."""
    caches: tuple[PackageCache, ...] = ()
    """Package managers whose caches commands may change. What lies in a cache runs outside of the sandbox too."""
    devices: tuple[DeviceFile, ...] = ()
    """Device files that commands may use, as in `/dev/kvm`."""
    hide: tuple[Place, ...] = ()
    """Further files and folders that commands cannot read; relative ones are of the workspace."""

    _one_is_a_list = field_validator("hosts", "write", "caches", "devices", "hide", mode="before")(
        as_list
    )


class FetchSettings(Section):
    """This section sets which pages of the web the agent may ask for, and within which bounds."""

    private_hosts: tuple[HostName, ...] = ()
    """Hosts of this machine or of your own network whose pages may be fetched, as in `docs.intern`, `localhost:8080`."""
    page_bytes_max: Positive = 2_000_000
    """Of a longer page the rest is not read."""
    timeout_seconds: PositiveSeconds = 30.0
    """A page that takes longer is given up."""

    _one_is_a_list = field_validator("private_hosts", mode="before")(as_list)
