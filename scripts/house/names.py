"""A name says one thing: public classes and files that share a name are found here."""

from __future__ import annotations

from collections import defaultdict

from scripts.house.sources import Offender, Package

_NAMELESS = ("__init__", "__main__")


def duplicate_classes(package: Package) -> dict[str, list[Offender]]:
    """Returns each public class name that is defined more than once, with its places."""
    places: dict[str, list[Offender]] = defaultdict(list)
    for module, definition in package.classes:
        if not definition.name.startswith("_"):
            places[definition.name].append(module.offender(definition, definition.name))
    return {name: found for name, found in sorted(places.items()) if len(found) > 1}


def duplicate_files(package: Package) -> dict[str, list[Offender]]:
    """Returns each file name that is used more than once, with its places.

    `__init__.py` and `__main__.py` are what Python asks for and do not count.
    """
    places: dict[str, list[Offender]] = defaultdict(list)
    for module in package.modules:
        if module.path.stem not in _NAMELESS:
            places[module.path.name].append(module.offender(1, module.path.name))
    return {name: found for name, found in sorted(places.items()) if len(found) > 1}
