"""Permission rules `tool(pattern)`, as people write them into the settings.

For shell the pattern is words, for tools with a path a glob in the language of
`.gitignore`: relative to the workspace (`edit(src/**)`; `./a` is only that one),
or absolute for what lies outside (`read(/usr/include/**)`, `read(~/notes/**)`).
`tool` alone means all of it. `edit` covers `write`; `read` covers whatever reads.

An allow rule has to cover a command for certain, so it says yes only to one
simple command. A deny rule has to catch one in disguise, so it says yes to
whatever could be it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from lsp_server.domain.errors import ConfigurationError
from lsp_server.tools.shell_syntax import Command, ShellScript, Word, parse, word_set
from lsp_server.workspace.ignore import Patterns
from lsp_server.workspace.paths import Workspace

_RULE = re.compile(r"([a-z_]+)(?:\((.+)\))?", re.DOTALL)
_COVERED = {
    "edit": frozenset({"edit", "write"}),
    "read": frozenset({"read", "list", "search", "diagnostics"}),
}
_PATH_TOOLS = frozenset().union(*_COVERED.values())
_TOOLS = _PATH_TOOLS | {"shell", "plan", "recall", "remember", "finish"}

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
    """Words that a command starts with; `open_ended` (a last `*`) lets any others follow."""

    words: tuple[str, ...]
    open_ended: bool

    def covers(self, script: ShellScript) -> bool:
        """For certain: one simple command whose words the shell passes as they are written."""
        command = script.single
        if command is None or any(word.kind == "dynamic" for word in command.words):
            return False
        start, rest = command.words[: len(self.words)], command.words[len(self.words) :]
        if tuple(word.text for word in start) != self.words or (rest and not self.open_ended):
            return False
        return all(word.kind == "literal" for word in start)

    def unwritten(self, script: ShellScript) -> tuple[Word, ...]:
        """The arguments of a covered command that the rule does not spell out."""
        command = script.single
        return command.words[max(1, len(self.words)) :] if command is not None else ()

    def hits(self, script: ShellScript) -> bool:
        """Perhaps: any command inside, behind whatever runs it."""
        return any(words is not None and self._is_start_of(words) for words in _disguises(script))

    def may_hide(self, script: ShellScript) -> bool:
        """Whether the script decides only when it runs what it is, where that matters here."""
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
        if name in _SHELLS and all(word.text.startswith("-") for word in arguments):
            return True
        concerned = name in _RUNNERS | _SHELLS or not self.words or name == self.words[0]
        return concerned and any(word.kind == "dynamic" for word in arguments)

    def _is_start_of(self, words: Sequence[str]) -> bool:
        if not self.words:
            return True
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
    """A glob, below the workspace or, when it is written absolute, below `/`."""

    patterns: Patterns
    absolute: bool

    def matches(self, path: Path, workspace: Workspace) -> bool:
        if self.absolute:
            return self.patterns.decide(path.as_posix()[1:]) is True
        return workspace.inside(path) and self.patterns.decide(workspace.relative(path)) is True


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; without a pattern it holds for every call of its tools."""

    text: str
    tools: frozenset[str]
    pattern: ShellPattern | PathPattern | None

    def about_path(self, tool: str, path: Path, workspace: Workspace) -> bool:
        """Whether the rule speaks of this tool on this path."""
        if tool not in self.tools:
            return False
        return not isinstance(self.pattern, PathPattern) or self.pattern.matches(path, workspace)


def parse_rule(text: str, *, key: str) -> Rule:
    """Raises ConfigurationError for what is not a rule; `key` is the setting's path."""
    found = _RULE.fullmatch(text.strip())
    if found is None or found[1] not in _TOOLS:
        raise ConfigurationError(
            f"{key} has {text!r}, which is no rule; write tool(pattern), as in shell(pytest *), "
            f"with one of {', '.join(sorted(_TOOLS))}",
            key=key,
        )
    tool, pattern = found[1], found[2]
    tools = _COVERED.get(tool, frozenset({tool}))
    if tool == "shell":
        return Rule(text, tools, _shell_pattern(pattern or "*", text, key))
    if pattern is None:
        return Rule(text, tools, None)
    if tool not in _PATH_TOOLS:
        raise ConfigurationError(f"{key} has {text!r}, but {tool} takes no pattern", key=key)
    return Rule(text, tools, _path_pattern(pattern, text, key))


def path_rule(tool: str, path: Path, workspace: Workspace) -> str | None:
    """The rule for exactly this path, None when its name cannot be written as a pattern."""
    name = workspace.relative(path)
    if re.search(r"[*?\[\]\\!#()\s]", name):
        return None
    return f"{tool}(./{name})" if workspace.inside(path) else f"{tool}({name})"


def _shell_pattern(pattern: str, text: str, key: str) -> ShellPattern:
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
    """The option itself, or its letters spread over other clusters."""
    if any(fnmatchcase(word, option) or word.startswith(f"{option}=") for word in words):
        return True
    entries = {c for word in words if re.match(r"-[^-]", word) for c in word[1:]}
    return not option.startswith("--") and entries.issuperset(option[1:])


def _has_operands(operands: Sequence[str], words: Sequence[str]) -> bool:
    """The operands in order, with only options and their values before each."""
    if not operands:
        return True
    for at, word in enumerate(words):
        if fnmatchcase(word, operands[0]) and _has_operands(operands[1:], words[at + 1 :]):
            return True
        after_option = at > 0 and words[at - 1].startswith("-")
        if not word.startswith("-") and not after_option:
            return False
    return False
