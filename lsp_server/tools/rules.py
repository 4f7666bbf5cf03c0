"""This module reads the permission rules `tool(pattern)` that people write into the settings.

For shell the pattern is words, for tools with a path a glob in the language of
`.gitignore`: relative to the workspace (`edit(src/**)`; `./a` is only that one),
or absolute for what lies outside (`read(/usr/include/**)`, `read(~/notes/**)`).
`tool` alone means all of its calls. `edit` covers every tool that edits, `read` all that read.

An allow rule has to cover a command for certain, so it says yes only to one
simple command. A deny rule has to catch a command behind whatever runs it, so it says yes
to all that could be it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.tools import ToolKind, ToolSpec
from lsp_server.tools.builtin import BUILTIN_NAMES, COMMAND_NAMES, PATH_NAMES
from lsp_server.tools.shell_syntax import Command, ShellScript, Word, parse, word_set
from lsp_server.workspace.ignore import Patterns
from lsp_server.workspace.paths import Workspace

_RULE = re.compile(r"([a-z_]+)(?:\((.+)\))?", re.DOTALL)
_KINDS: Mapping[str, ToolKind] = MappingProxyType({"edit": "edit", "read": "read"})
"""Rules with these names cover every tool of the kind, the tool of that name included."""

_RUNNERS = word_set("""
    env sudo doas su xargs nohup nice ionice timeout time command exec builtin stdbuf setsid chroot
    watch parallel find fd busybox unshare nsenter script strace ltrace flock ssh docker podman
    uv uvx poetry pipenv npx pnpm yarn entr
    """)
"""Programs that run what their arguments say."""
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "ash", "eval", "su"})
"""Programs that take a whole command line as an argument, or from their input."""
_LOOKS_MAX = 200
"""Commands looked at inside of a command; more than that is an attack."""


@dataclass(frozen=True, slots=True)
class ShellPattern:
    """A `ShellPattern` is the words that a command starts with.

    `open_ended` (a last `*` in the rule) lets any other words follow.

    >>> pattern = ShellPattern(("rm",), open_ended=True)
    >>> pattern.covers(parse("rm a.txt")), pattern.covers(parse("rm a.txt; make"))
    (True, False)
    >>> pattern.hits(parse("make && sudo sh -c 'rm -r build'"))
    True
    """

    words: tuple[str, ...]
    open_ended: bool

    def covers(self, script: ShellScript) -> bool:
        """Says whether the script is this command for certain, as an allow rule needs it.

        It has to be one simple command whose first words the shell passes as they are
        written.
        """
        command = script.single
        if command is None or any(word.kind == "dynamic" for word in command.words):
            return False
        start, rest = command.words[: len(self.words)], command.words[len(self.words) :]
        if tuple(word.text for word in start) != self.words or (rest and not self.open_ended):
            return False
        return all(word.kind == "literal" for word in start)

    def unwritten(self, script: ShellScript) -> tuple[Word, ...]:
        """Returns the arguments of a covered command that the rule does not spell out."""
        command = script.single
        return command.words[max(1, len(self.words)) :] if command is not None else ()

    def hits(self, script: ShellScript) -> bool:
        """Says whether the script may run this command, as a deny rule needs it.

        Any command inside of the script counts, behind whatever program runs it.
        """
        return any(words is not None and self._is_start_of(words) for words in _disguises(script))

    def may_hide(self, script: ShellScript) -> bool:
        """Says whether the script may turn into this command only when it runs.

        It may when it cannot be parsed, and when a word is dynamic where it matters: the
        program, or what a shell or a program that runs others is given.
        """
        if not script.understood or None in _disguises(script):
            return True
        return any(self._may_hide(command) for command in script.everything())

    def _may_hide(self, command: Command) -> bool:
        if not command.words:
            return False
        program, *arguments = command.words
        if program.kind != "literal":
            return True
        name = PurePosixPath(program.text).name
        # A shell without a script reads one from its input.
        if name in _SHELLS and all(word.text.startswith("-") for word in arguments):
            return True
        concerned = name in _RUNNERS | _SHELLS or not self.words or name == self.words[0]
        return concerned and any(word.kind == "dynamic" for word in arguments)

    def _is_start_of(self, words: Sequence[str]) -> bool:
        if not self.words:
            return True
        # `/bin/rm` is `rm`; and the words of a rule may be globs.
        program = {words[0], PurePosixPath(words[0]).name}
        if not any(fnmatchcase(name, self.words[0]) for name in program):
            return False
        options = [word for word in self.words[1:] if word.startswith("-")]
        operands = [word for word in self.words[1:] if not word.startswith("-")]
        return all(_has_option(option, words) for option in options) and _has_operands(
            operands, words[1:]
        )


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A `PathPattern` is a glob below the workspace or, when it is written absolute, below `/`."""

    patterns: Patterns
    absolute: bool

    def matches(self, path: Path, workspace: Workspace) -> bool:
        """Says whether the glob matches this absolute path."""
        if self.absolute:
            return self.patterns.decide(path.as_posix()[1:]) is True
        return workspace.inside(path) and self.patterns.decide(workspace.relative(path)) is True


@dataclass(frozen=True, slots=True)
class Rule:
    """A `Rule` is one permission rule, made by `parse_rule`.

    `text` is the rule as a person wrote it. Without a pattern it holds for every call of
    the tools that it covers.
    """

    text: str
    tool: str
    pattern: ShellPattern | PathPattern | None

    def covers(self, tool: ToolSpec) -> bool:
        """Says whether the rule is about this tool: by its name, or by its kind."""
        return self.tool == tool.name or _KINDS.get(self.tool) == tool.kind

    @property
    def about_reading(self) -> bool:
        """Says whether the rule is about everything that reads."""
        return _KINDS.get(self.tool) == "read"

    def matches(self, path: Path, workspace: Workspace) -> bool:
        """Says whether the rule holds for this path; one without a glob holds for all."""
        return not isinstance(self.pattern, PathPattern) or self.pattern.matches(path, workspace)


def parse_rule(text: str, *, key: str, tools: Collection[str] = BUILTIN_NAMES) -> Rule:
    """Reads a rule as a person wrote it.

    `key` is the dotted path of the setting that holds it, for the error; `tools` are the
    names that it may begin with. Raises ConfigurationError for what is no rule.

    >>> from lsp_server.tools.shell import Shell
    >>> rule = parse_rule("shell(pytest *)", key="permissions.allow")
    >>> rule.covers(Shell.spec), rule.pattern.covers(parse("pytest -q"))
    (True, True)
    """
    found = _RULE.fullmatch(text.strip())
    if found is None or found[1] not in tools:
        raise ConfigurationError(
            f"{key} has {text!r}, which is no rule; write tool(pattern), as in shell(pytest *), "
            f"with one of {', '.join(sorted(tools))}",
            key=key,
        )
    tool, pattern = found[1], found[2]
    if tool in COMMAND_NAMES:
        return Rule(text, tool, _shell_pattern(pattern or "*", text, key))
    if pattern is None:
        return Rule(text, tool, None)
    if tool not in PATH_NAMES:
        raise ConfigurationError(f"{key} has {text!r}, but {tool} takes no pattern", key=key)
    return Rule(text, tool, _path_pattern(pattern, text, key))


def path_rule(tool: str, path: Path, workspace: Workspace) -> str | None:
    """Returns the rule for exactly this path, None when its name cannot be a pattern."""
    name = workspace.relative(path)
    if re.search(r"[*?\[\]\\!#()\s]", name):
        return None
    return f"{tool}(./{name})" if workspace.inside(path) else f"{tool}({name})"


def _shell_pattern(pattern: str, text: str, key: str) -> ShellPattern:
    # What a rule means may not depend on variables or on files of the moment.
    command = parse(pattern).single
    if command is None or any(word.kind == "dynamic" for word in command.words):
        raise ConfigurationError(
            f"{key} has {text!r}; its pattern must be one plain command", key=key
        )
    words = command.words
    open_ended = words[-1].kind == "glob" and words[-1].text == "*"
    return ShellPattern(tuple(w.text for w in words[: len(words) - open_ended]), open_ended)


def _path_pattern(pattern: str, text: str, key: str) -> PathPattern:
    if pattern.startswith("!"):
        raise ConfigurationError(f"{key} has {text!r}; a pattern cannot be negated", key=key)
    if pattern.startswith("~/"):
        pattern = f"{Path.home().as_posix()}/{pattern[2:]}"
    absolute = pattern.startswith("/")
    # A leading slash binds the glob to the workspace's root, as in `.gitignore`.
    if pattern.startswith("./"):
        pattern = pattern[1:]
    patterns = Patterns([pattern])
    if not patterns.usable:
        raise ConfigurationError(f"{key} has {text!r}; its pattern cannot be read", key=key)
    return PathPattern(patterns, absolute)


def _disguises(script: ShellScript) -> Iterator[Sequence[str] | None]:
    """The words of every command that the script would run, as far as words can tell.

    At the end None, where there are more than can be looked at.
    """
    waiting = [script]
    looks = 0
    while waiting:
        for command in waiting.pop().everything():
            for words, line in _run_by(command.texts):
                looks += 1
                if looks > _LOOKS_MAX:
                    yield None
                    return
                if line is None:
                    yield words
                else:
                    waiting.append(parse(line))


def _run_by(texts: Sequence[str]) -> Iterator[tuple[Sequence[str], str | None]]:
    """A command's words, behind a program that runs others each rest of them, and command lines."""
    runs = False
    for start, word in enumerate(texts):
        if start and not runs:
            return
        words, name = texts[start:], PurePosixPath(word).name
        runs = runs or name in _RUNNERS
        yield words, None
        if name in _SHELLS:
            yield words, " ".join(words[1:])
        for line in words[1:]:
            if name in _SHELLS or (runs and " " in line):
                yield words, line


def _has_option(option: str, words: Sequence[str]) -> bool:
    """Says whether an option is there: itself, or its characters in clusters, as `-rf` in `-f -r`."""
    if any(fnmatchcase(word, option) or word.startswith(f"{option}=") for word in words):
        return True
    entries = {c for word in words if re.match(r"-[^-]", word) for c in word[1:]}
    return not option.startswith("--") and entries.issuperset(option[1:])


def _has_operands(operands: Sequence[str], words: Sequence[str]) -> bool:
    """Says whether the operands come in this order, with only options and values before each."""
    if not operands:
        return True
    for at, word in enumerate(words):
        if fnmatchcase(word, operands[0]) and _has_operands(operands[1:], words[at + 1 :]):
            return True
        after_option = at > 0 and words[at - 1].startswith("-")
        if not word.startswith("-") and not after_option:
            return False
    return False
