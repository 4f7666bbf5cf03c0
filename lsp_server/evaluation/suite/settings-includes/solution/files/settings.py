"""Reads settings files."""

import re
from pathlib import Path

_REFERENCE = re.compile(r"\$(\$|\{([^}]*)\})")


class SettingsError(Exception):
    """What is wrong with a settings file."""


def read_settings(path):
    """The sections of a file, with all that it includes. Raises SettingsError."""
    reader = _Reader()
    reader.read(Path(path), ())
    return reader.filled()


class _Reader:
    def __init__(self):
        self.raw = {}  # by section and key: the text, and where it was set

    def read(self, path, including):
        real = path.resolve()
        if real in including:
            raise SettingsError(f"{path}: it includes itself")
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: it cannot be read: {error}") from error
        section = ""
        for number, line in _lines(text):
            where = f"{path}:{number}"
            if line.startswith("["):
                if not line.endswith("]"):
                    raise SettingsError(f"{where}: a section ends with ]")
                section = line[1:-1].strip()
                self.raw.setdefault(section, {})
                continue
            key, equals, value = line.partition("=")
            key = key.strip()
            if not equals or not key:
                raise SettingsError(f"{where}: neither a section nor a key with its value")
            value = _value(value.strip(), where)
            if key == "include" and section == "":
                try:
                    self.read(path.parent / value, (*including, real))
                except SettingsError as error:
                    if "includes itself" in str(error) or "cannot be read" in str(error):
                        if not re.match(r".*:\d+: ", str(error)):
                            raise SettingsError(f"{where}: {error}") from error
                    raise
                continue
            self.raw.setdefault(section, {})[key] = (value, where)

    def filled(self):
        known = {}
        for section, values in self.raw.items():
            for key in values:
                self._fill(section, key, known, ())
        return {
            section: {key: known[section, key] for key in values}
            for section, values in self.raw.items()
        }

    def _fill(self, section, key, known, within):
        if (section, key) in known:
            return known[section, key]
        text, where = self.raw[section][key]
        if (section, key) in within:
            raise SettingsError(f"{where}: {key} is made of itself")

        def fill(found):
            if found[1] == "$":
                return "$"
            other, dot, name = found[2].rpartition(".")
            other = other if dot else section
            if name not in self.raw.get(other, {}):
                raise SettingsError(f"{where}: there is no {found[2]}")
            return self._fill(other, name, known, (*within, (section, key)))

        known[section, key] = _REFERENCE.sub(fill, text)
        return known[section, key]


def _lines(text):
    """The lines without comments and space around, those that go on joined, with their numbers."""
    first, parts = 0, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.lstrip() if parts else line.strip()
        line, is_commented = _without_comment(line, "".join(parts))
        first = first if parts else number
        if line.endswith("\\") and not is_commented:
            parts.append(line[:-1])
            continue
        whole = "".join([*parts, line]).strip()
        parts = []
        if whole:
            yield first, whole
    if parts and (whole := "".join(parts).strip()):
        yield first, whole


def _without_comment(line, before):
    quoted = _is_open(before)
    for at, char in enumerate(line):
        if char == '"' and not _escaped(line, at):
            quoted = not quoted if quoted or _begins_value(before + line[:at]) else quoted
        if char == "#" and not quoted and (at == 0 and not before or (before + line)[: len(before) + at][-1:].isspace()):
            return line[:at].rstrip(), True
    return line, False


def _is_open(before):
    quoted = False
    for at, char in enumerate(before):
        if char == '"' and not _escaped(before, at):
            quoted = not quoted if quoted or _begins_value(before[:at]) else quoted
    return quoted


def _begins_value(before):
    return before.partition("=")[1] == "=" and not before.partition("=")[2].strip()


def _escaped(text, at):
    count = 0
    while at - count - 1 >= 0 and text[at - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def _value(text, where):
    if not text.startswith('"'):
        return text
    if len(text) < 2 or not text.endswith('"') or _escaped(text, len(text) - 1):
        raise SettingsError(f"{where}: a quote is not closed")
    inner = text[1:-1]
    if re.search(r'(?<!\\)(?:\\\\)*"', inner):
        raise SettingsError(f"{where}: something follows a closing quote")
    return re.sub(r'\\([\\"])', r"\1", inner)
