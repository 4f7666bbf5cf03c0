"""This module reads the permission rules `tool(pattern)` that people write into the settings.

For shell the pattern is words, for `mcp` a server and its tool, for `fetch` a host, for tools with a path a
glob in the language of `.gitignore`: relative to the workspace (`edit(src/**)`; `./a` is only that one),
or absolute for what lies outside (`read(/usr/include/**)`, `read(~/notes/**)`).
`tool` alone means all of its calls. `edit` covers every tool that edits, `read` all that read.

An allow rule has to cover a command for certain, so it says yes only to one
simple command. A deny rule has to catch a command behind whatever runs it, so it says yes
to all that could be it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.tools import NeedsServer, NeedsUrl, ToolKind, ToolSpec
from lsp_server.tools.builtin import BUILTIN_NAMES, COMMAND_NAMES, HOST_NAMES, PATH_NAMES
from lsp_server.tools.foreign_rules import meant_rule, with_star
from lsp_server.tools.host_rules import HostPattern, host_pattern
from lsp_server.tools.inner_commands import RunCommand, commands_run_by, program_name
from lsp_server.tools.server_rules import SERVER_RULE, ServerPattern, server_pattern
from lsp_server.tools.shell_syntax import ShellScript, Word, parse
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.patterns import Patterns

_RULE = re.compile(r"([a-z_]+)(?:\((.+)\))?", re.DOTALL)
_KINDS: Mapping[str, ToolKind] = MappingProxyType({"edit": "edit", "read": "read"})
"""Rules with these names cover every tool of the kind, the tool of that name included."""

_Matcher: TypeAlias = Callable[[Word, str], bool]
_TOKENS_MAX = 2000
"""Of words that may hold a command; more of them are not looked through."""
_BETWEEN_TOKENS = re.compile(r"[^\w.+/@%~*?-]+")


@dataclass(frozen=True, slots=True)
class ShellPattern:
    """A `ShellPattern` is the words that a command starts with.

    `open_ended` (a last `*` in the rule) lets any other words follow. `globs` are the
    places of words that are file name patterns, as `test*` in `npm run test*`.

    >>> pattern = ShellPattern(("rm",), open_ended=True)
    >>> pattern.covers(parse("rm a.txt")), pattern.covers(parse("rm a.txt; make"))
    (True, False)
    >>> pattern.hits(parse("make && sudo sh -c 'rm -r build'"))
    True
    """

    words: tuple[str, ...]
    open_ended: bool
    globs: frozenset[int] = frozenset()

    def covers(self, script: ShellScript) -> bool:
        """Says whether the script is this command for certain, as an allow rule needs it.

        It has to be one simple command whose first words the shell passes as they are
        written. A pattern stands for one word, and for an option only where it begins as one.
        """
        command = script.single
        if command is None or any(word.kind == "dynamic" for word in command.words):
            return False
        start, rest = command.words[: len(self.words)], command.words[len(self.words) :]
        if len(start) < len(self.words) or (rest and not self.open_ended):
            return False
        return all(
            word.kind == "literal" and self._is_word(at, word.text) for at, word in enumerate(start)
        )

    def _is_word(self, at: int, text: str) -> bool:
        wanted = self.words[at]
        if at not in self.globs:
            return text == wanted
        return fnmatchcase(text, wanted) and text.startswith("-") == wanted.startswith("-")

    def unwritten(self, script: ShellScript) -> tuple[Word, ...]:
        """Returns the arguments of a covered command that the rule does not spell out."""
        command = script.single
        if command is None:
            return ()
        matched = (command.words[at] for at in sorted(self.globs) if at < len(command.words))
        return (*matched, *command.words[max(1, len(self.words)) :])

    def hits(self, script: ShellScript) -> bool:
        """Says whether the script runs this command, as a deny rule needs it.

        Any command inside of the script counts, behind whatever program runs it.
        """
        return any(
            run is not None and run.words and self._starts(run.words, _is_certainly)
            for run in commands_run_by(script)
        )

    def may_hide(self, script: ShellScript) -> bool:
        """Says whether the script may run this command, though words cannot tell.

        It may when it cannot be parsed, when a word is dynamic or a glob where it matters, and
        when the command stands among the words of a program that is not known.
        """
        return any(run is None or self._may_be(run) for run in commands_run_by(script))

    def _may_be(self, run: RunCommand) -> bool:
        if self._is_among(run.unclear):
            return True
        if not run.words:
            return False
        program, *arguments = run.words
        if program.kind != "literal" or self._starts(run.words, _is_possibly):
            return True
        is_ours = not self.words or fnmatchcase(program_name(program.text), self.words[0])
        return is_ours and any(word.kind == "dynamic" for word in arguments)

    def _is_among(self, words: Sequence[Word]) -> bool:
        """Says whether the command stands anywhere in these words."""
        if not self.words or not words:
            return False
        tokens = [Word(token) for word in words for token in _tokens(word.text)]
        if len(tokens) > _TOKENS_MAX:
            return True
        return any(self._starts(tokens[at : at + 20], _is_certainly) for at in range(len(tokens)))

    def _starts(self, words: Sequence[Word], matches: _Matcher) -> bool:
        if not self.words:
            return True
        return any(self._is_spelled(spelling, matches) for spelling in _spellings(words))

    def _is_spelled(self, words: Sequence[Word], matches: _Matcher) -> bool:
        # Where the file system ignores case, `RM` is `rm`; and the words of a rule may be globs.
        program = {words[0].text, program_name(words[0].text), program_name(words[0].text).lower()}
        if not any(fnmatchcase(name, self.words[0]) for name in program):
            return False
        options = [word for word in self.words[1:] if word.startswith("-")]
        operands = [word for word in self.words[1:] if not word.startswith("-")]
        return all(_has_option(option, words, matches) for option in options) and _has_operands(
            operands, words[1:], matches
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
    pattern: ShellPattern | PathPattern | ServerPattern | HostPattern | None

    def covers(self, tool: ToolSpec) -> bool:
        """Says whether the rule is about this tool: by its name, or by its kind."""
        return self.tool == tool.name or _KINDS.get(self.tool) == tool.kind

    def names_server(self, needs: NeedsServer) -> bool:
        """Says whether the rule is about this tool of a server."""
        if self.tool != SERVER_RULE:
            return False
        return not isinstance(self.pattern, ServerPattern) or self.pattern.matches(needs)

    def allows_url(self, tool: ToolSpec, needs: NeedsUrl) -> bool:
        """Says whether the rule allows a call of the tool at an address."""
        fits = not isinstance(self.pattern, HostPattern) or self.pattern.covers(needs)
        return self.tool == tool.name and fits

    def denies_url(self, tool: ToolSpec, needs: NeedsUrl) -> bool:
        """Says whether the rule forbids a call of the tool at an address."""
        fits = not isinstance(self.pattern, HostPattern) or self.pattern.hits(needs)
        return self.tool == tool.name and fits

    def spells(self, name: str) -> bool:
        """Says whether the rule spells out a name of a path, and not only a pattern that fits it."""
        return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", self.text) is not None

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
    if found is None or found[1] not in (*tools, SERVER_RULE):
        raise ConfigurationError(
            f"{key} has {text!r}, which is no rule; write {meant_rule(text) or 'tool(pattern)'}, "
            f"as in shell(pytest *), with one of {', '.join(sorted(tools))}",
            key=key,
        )
    tool, pattern = found[1], found[2]
    if tool in COMMAND_NAMES:
        return Rule(text, tool, _shell_pattern(pattern or "*", text, key))
    if pattern is None:
        return Rule(text, tool, None)
    if tool == SERVER_RULE:
        return Rule(text, tool, server_pattern(pattern, text, key))
    if tool in HOST_NAMES:
        return Rule(text, tool, host_pattern(pattern, text, key))
    if tool not in PATH_NAMES:
        raise ConfigurationError(f"{key} has {text!r}, but {tool} takes no pattern", key=key)
    return Rule(text, tool, _path_pattern(pattern, text, key))


def path_rule(tool: str, path: Path, workspace: Workspace) -> str | None:
    """Returns the rule for exactly this path, None when its name cannot be a pattern."""
    name = workspace.relative(path)
    if re.search(r"[*?\[\]\\!#()\s]", name):
        return None
    return f"{tool}(./{name})" if workspace.inside(path) else f"{tool}({name})"


def folder_rule(tool: str, path: Path, workspace: Workspace) -> str | None:
    """Returns the rule for the folder of a file in the workspace; for one in its root, that file's.

    >>> import tempfile
    >>> workspace = Workspace(Path(tempfile.mkdtemp()))
    >>> folder_rule("edit", workspace.root / "src" / "a.py", workspace)
    'edit(src/**)'
    """
    if path.parent == workspace.root:
        return path_rule(tool, path, workspace)
    exact = path_rule(tool, path.parent, workspace)
    return exact and f"{exact[:-1].replace('(./', '(')}/**)"


def _shell_pattern(pattern: str, text: str, key: str) -> ShellPattern:
    # What a rule means may not depend on variables or on files of the moment.
    command = parse(with_star(pattern)).single
    if command is None or any(word.kind == "dynamic" for word in command.words):
        raise ConfigurationError(
            f"{key} has {text!r}; its pattern must be one plain command, as in shell(git push *)",
            key=key,
        )
    words = command.words
    if re.search(r"[:^|\\]", words[0].text):
        raise ConfigurationError(
            f"{key} has {text!r}; its pattern begins with a program's name, as in shell(git push *), "
            "and is no regular expression",
            key=key,
        )
    open_ended = words[-1].kind == "glob" and words[-1].text == "*"
    words = words[: len(words) - open_ended]
    globs = frozenset(at for at, word in enumerate(words) if word.kind == "glob")
    return ShellPattern(tuple(word.text for word in words), open_ended, globs)


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


def _is_certainly(word: Word, pattern: str) -> bool:
    return fnmatchcase(word.text, pattern)


def _is_possibly(word: Word, pattern: str) -> bool:
    """Says whether a word is that one, or a glob that may become it."""
    is_glob = word.kind == "glob" and fnmatchcase(pattern, word.text)
    return is_glob or fnmatchcase(word.text, pattern)


def _spellings(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """The words of a command, and `git push` where they begin with `git-push`."""
    yield words
    parts = program_name(words[0].text).split("-")
    for at in range(1, min(len(parts), 4)):
        yield (Word("-".join(parts[:at])), Word("-".join(parts[at:])), *words[1:])


def _tokens(text: str) -> Iterator[str]:
    """What could be words of a command in a text, such as the code of an interpreter."""
    if text.startswith("--"):  # The name of an option is none.
        text = text.partition("=")[2]
    yield from filter(None, _BETWEEN_TOKENS.split(text))
    if re.match(r"-[^-]", text):
        # The value of an option, glued to it.
        yield from filter(None, _BETWEEN_TOKENS.split(text[2:]))


def _has_option(option: str, words: Sequence[Word], matches: _Matcher) -> bool:
    """Says whether an option is there: itself, or its characters in clusters, as `-rf` in `-f -r`."""
    if any(matches(word, option) or word.text.startswith(f"{option}=") for word in words):
        return True
    entries = {c for word in words if re.match(r"-[^-]", word.text) for c in word.text[1:]}
    if option.startswith("--"):
        return False
    return all(c in entries or _may_add(c, words, matches) for c in option[1:])


def _may_add(letter: str, words: Sequence[Word], matches: _Matcher) -> bool:
    return matches is _is_possibly and any(
        word.kind == "glob" and fnmatchcase(f"-{letter}", word.text) for word in words
    )


def _has_operands(operands: Sequence[str], words: Sequence[Word], matches: _Matcher) -> bool:
    """Says whether the operands come in this order, with only options and values before each."""
    if not operands:
        return True
    for at, word in enumerate(words):
        if matches(word, operands[0]) and _has_operands(operands[1:], words[at + 1 :], matches):
            return True
        after_option = at > 0 and words[at - 1].text.startswith("-")
        if not word.text.startswith("-") and not after_option:
            return False
    return False
