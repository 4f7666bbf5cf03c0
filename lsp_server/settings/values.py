"""This module has the values that settings of several sections take, and how they are read."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from lsp_server.settings.address import read_address, unquoted


def _name(text: str) -> str:
    if not (name := unquoted(text)):
        raise ValueError("it is empty; give a value, or leave the setting out")
    return name


Address: TypeAlias = Annotated[str, AfterValidator(read_address)]
Name: TypeAlias = Annotated[str, AfterValidator(_name)]


def as_list(value: object) -> object:
    """Makes a list of one text of it, as a text would be taken for a list of its characters."""
    return (value,) if isinstance(value, str) else value


Positive: TypeAlias = Annotated[int, Field(gt=0)]
PositiveSeconds: TypeAlias = Annotated[float, Field(gt=0)]
Fraction: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Temperature: TypeAlias = Annotated[float, Field(ge=0, le=2)]
Dollars: TypeAlias = Annotated[float, Field(ge=0)]
