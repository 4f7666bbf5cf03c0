"""Packages of a few lines of source, for tests of what is measured."""

from __future__ import annotations

from scripts.house.sources import Offender, Package, package_of


def package(source: str, **others: str) -> Package:
    """Makes a package of `shop/till.py` and of others, by their names without `.py`.

    `__in__` in a name stands for a folder: `tools__in__read` is `shop/tools/read.py`.
    """
    texts = {"till": source} | others
    return package_of(
        {f"shop/{name.replace('__in__', '/')}.py": text for name, text in texts.items()}
    )


def said(offenders: list[Offender]) -> list[str]:
    return [one.what for one in offenders]
