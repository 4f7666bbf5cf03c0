"""This module is `holdfast models`: the models that there are, which one runs use, and the choice of one."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.error_output import print_error
from lsp_server.cli.exit_status import FAILED, UsageError, run_command, workspace_folder
from lsp_server.domain.errors import ConfigurationError, ModelError
from lsp_server.domain.permissions import visible
from lsp_server.models.model_choice import OfferedModel, offered_models, try_model
from lsp_server.models.provider import find_endpoint
from lsp_server.settings.address import without_credentials
from lsp_server.settings.sections import ModelSettings
from lsp_server.settings.user_file import choose_model


@dataclass(frozen=True, slots=True)
class ModelWish:
    """A `ModelWish` is which models are meant: those at `address`, by default all that are found.

    With `chosen` the one of that name is tried and kept.
    """

    address: str | None = None
    chosen: str | None = None
    as_json: bool = False


def models(wish: ModelWish, workspace: Path) -> int:
    """Lists the models, or chooses one; 0 when there is one, or the chosen one works, else 1."""
    return run_command(_models(wish, workspace), failed=FAILED)


async def _models(wish: ModelWish, workspace: Path) -> int:
    if wish.chosen is not None and not wish.chosen.strip():
        raise UsageError("name the model to choose; `holdfast models` lists them")
    folder = workspace_folder(workspace)
    settings = load_settings(folder).model
    found = await offered_models(settings, wish.address)
    if wish.chosen is not None:
        return await _choose(settings, _named(found, wish), folder)
    used, problem = await _used(settings)
    if wish.as_json:
        sys.stdout.writelines(f"{json.dumps(_value(one, used))}\n" for one in found)
    else:
        sys.stdout.writelines(f"{visible(line)}\n" for line in _lines(found, used))
    if problem:
        print_error(problem)
    return 0 if found else FAILED


async def _used(settings: ModelSettings) -> tuple[OfferedModel | None, str | None]:
    """The model that a run would ask, or why there is none."""
    try:
        endpoint = await find_endpoint(settings)
    except (ConfigurationError, ModelError) as error:
        return None, str(error)
    complete = endpoint.settings
    return OfferedModel(
        complete.base_url or "", complete.name or "", endpoint.endpoint.server
    ), None


def _lines(found: Sequence[OfferedModel], used: OfferedModel | None) -> list[str]:
    marked = [(f"{'*' if _is_same(one, used) else ' '} {one.name}", one) for one in found]
    width = max((len(name) for name, _ in marked), default=0)
    lines = [f"{name:<{width}}  {without_credentials(one.base_url)}" for name, one in marked]
    if used is not None:
        lines.append(f"runs use {used.name} at {without_credentials(used.base_url)}")
    if found:
        lines.append("choose another one: holdfast models [ADDRESS] --choose NAME")
    return lines


def _value(one: OfferedModel, used: OfferedModel | None) -> dict[str, object]:
    return {
        "name": one.name,
        "base_url": without_credentials(one.base_url),
        "server": one.server,
        "current": _is_same(one, used),
    }


def _is_same(one: OfferedModel, used: OfferedModel | None) -> bool:
    return used is not None and (one.name, one.base_url) == (used.name, used.base_url)


def _named(found: Sequence[OfferedModel], wish: ModelWish) -> OfferedModel:
    """The model that was chosen. An endpoint may serve more than it lists. Raises ConfigurationError."""
    name = wish.chosen or ""
    named = next((one for one in found if one.name == name), None)
    if named is None and wish.address is not None:
        named = OfferedModel(found[0].base_url if found else wish.address, name, "")
    if named is None:
        raise ConfigurationError(
            f"{name} is not among the models that are found; `holdfast models` lists those, and "
            "an endpoint elsewhere is named by its address: holdfast models ADDRESS --choose NAME"
        )
    return named


async def _choose(settings: ModelSettings, wanted: OfferedModel, folder: Path) -> int:
    place = without_credentials(wanted.base_url)
    seconds = await try_model(settings, wanted.base_url, wanted.name)
    path = await asyncio.to_thread(choose_model, wanted.base_url, wanted.name)
    now = load_settings(folder).model
    if (now.base_url, now.name) != (wanted.base_url, wanted.name):
        print_error(
            f"{wanted.name} at {place} answered and is kept in {path}, but runs here use "
            f"{now.name} at {without_credentials(now.base_url or '')}: HOLDFAST_MODEL__BASE_URL "
            "and HOLDFAST_MODEL__NAME win over it"
        )
        return FAILED
    said = f"runs use {wanted.name} at {place} now, which answered in {seconds:.1f} s\n"
    sys.stdout.write(visible(said))
    return 0
