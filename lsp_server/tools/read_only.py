"""This module knows shell commands that change nothing.

A command is read-only when each of its parts is in this table and none of its
options can write, run or follow something. A program that is not here may be harmless
too, but that is not known; a person is asked. To add a program: look for every option of it that
writes a file, starts a program or waits for ever, and refuse those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lsp_server.domain.errors import ToolError
from lsp_server.redaction.secrets import is_secret_file
from lsp_server.tools.shell_syntax import Command, ShellScript, Word, word_set
from lsp_server.workspace.paths import Workspace

GLOB_MATCHES_MAX = 1000


@dataclass(frozen=True, slots=True)
class ReadOnlyProgram:
    """A `ReadOnlyProgram` changes nothing, unless it is given one of these options.

    Each character of `short_options` is a refused one, alone or in a cluster;
    `options` are refused long ones, however abbreviated; `operands_max` bounds the words
    that are no options.
    """

    short_options: str = ""
    options: tuple[str, ...] = ()
    operands_max: int | None = None

    def accepts(self, arguments: Sequence[str]) -> bool:
        """Says whether the program only reads when it is given these arguments."""
        operands = [word for word in arguments if not word.startswith("-")]
        if self.operands_max is not None and len(operands) > self.operands_max:
            return False
        return not any(self._refuses(word) for word in arguments)

    def _refuses(self, word: str) -> bool:
        if word.startswith("--"):
            name = word.partition("=")[0]
            return len(name) > 2 and any(option.startswith(name) for option in self.options)
        return word.startswith("-") and any(option in self.short_options for option in word[1:])


_PLAIN = word_set("""
    ls cat head pwd echo true false basename dirname realpath readlink stat df
    which whoami id uname nl cut tr comm diff cmp join paste fold tac rev column expand seq od
    hexdump strings
""")
_SUMS = word_set("md5sum sha1sum sha256sum sha512sum b2sum cksum")
_GREP = ReadOnlyProgram("R", ("--dereference-recursive",))

READ_ONLY_PROGRAMS: Mapping[str, ReadOnlyProgram] = MappingProxyType(
    {name: ReadOnlyProgram() for name in _PLAIN}
    | dict.fromkeys(("grep", "egrep", "fgrep"), _GREP)
    | dict.fromkeys(("wc", "du"), ReadOnlyProgram("X", ("--files0-from", "--exclude-from")))
    | dict.fromkeys(_SUMS, ReadOnlyProgram("c", ("--check",)))
    | {
        # The shell evaluates the name that -v takes.
        "printf": ReadOnlyProgram("v"),
        "rg": ReadOnlyProgram("Lz", ("--pre", "--follow", "--hostname-bin", "--search-zip")),
        "tail": ReadOnlyProgram("fF", ("--follow", "--retry", "--pid")),
        "sort": ReadOnlyProgram(
            "oT", ("--output", "--compress-program", "--temporary-directory", "--files0-from")
        ),
        "uniq": ReadOnlyProgram(operands_max=1),
        "date": ReadOnlyProgram("sf", ("--set", "--file"), operands_max=0),
        "file": ReadOnlyProgram(
            "Czfm", ("--compile", "--uncompress", "--files-from", "--magic-file")
        ),
        "tree": ReadOnlyProgram("oRl"),
    }
)

_GIT_OPTIONS = (
    "--output",
    "--ext-diff",
    "--textconv",
    "--filters",
    "--open-files-in-pager",
    "--show-signature",
    "--exec",
)
READ_ONLY_GIT: Mapping[str, ReadOnlyProgram] = MappingProxyType(
    {
        name: ReadOnlyProgram(options=_GIT_OPTIONS)
        for name in word_set("""
            status diff log show blame annotate ls-files ls-tree rev-parse rev-list describe shortlog
            cat-file merge-base name-rev for-each-ref show-ref count-objects check-ignore whatchanged
        """)
    }
    | {"grep": ReadOnlyProgram("O", _GIT_OPTIONS)}
)
_GIT_LISTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "branch": word_set("-a -r -v -vv --all --remotes --list --show-current --verbose"),
        "tag": word_set("-l --list -n"),
        "remote": word_set("-v --verbose"),
        "stash": frozenset(["list"]),
        "worktree": frozenset(["list"]),
    }
)
"""Subcommands that list with these words only, and may change something with others."""
_GIT_LISTS_BARE = frozenset({"branch", "tag", "remote"})

_FIND_REFUSED = word_set(
    "-exec -execdir -ok -okdir -delete -fprint -fprint0 -fprintf -fls -L -follow -files0-from"
)
_VERSIONED = word_set(
    "python python3 node npm pnpm yarn cargo rustc go git gcc clang make cmake pip uv ruff mypy pytest"
)
_SED_PRINTS = re.compile(
    r"(?:\d+|\$)(?:,(?:\d+|\$|\+\d+))?p(?:; ?(?:\d+|\$)(?:,(?:\d+|\$|\+\d+))?p)*"
)
_JOINS = frozenset({"|", "&&", "||", ";", "\n"})
_QUIET_REDIRECTIONS = frozenset(
    {(operator, "/dev/null") for operator in (">", "1>", "2>", ">>", "2>>", "&>")}
    | {("2>&", "1"), (">&", "2"), ("1>&", "2")}
)
_PATTERN_FIRST = frozenset({"grep", "egrep", "fgrep", "rg"})


def is_read_only(script: ShellScript) -> bool:
    """Says whether every command in the script is known to change nothing.

    >>> from lsp_server.tools.shell_syntax import parse
    >>> is_read_only(parse("ls -la | head"))
    True
    >>> is_read_only(parse("find . -name '*.pyc' -delete"))
    False
    """
    return (
        script.understood
        and bool(script.commands)
        and not script.nested
        and script.operators <= _JOINS
        and all(_reads(command) for command in script.commands)
    )


def is_confined(script: ShellScript, workspace: Workspace) -> bool:
    """Says whether all words of a read-only script that could be paths stay in the workspace."""
    return all(
        _word_is_confined(word, workspace)
        for command in script.commands
        for word in _possible_paths(command)
    )


def names_secrets(script: ShellScript) -> bool:
    """Says whether a word of the script may be a file that by its name is for secrets."""
    return any(
        is_secret_file(part)
        for command in script.everything()
        for word in command.words[1:]
        for part in (word.text, word.text.rpartition("=")[2], word.text.rpartition("@")[2])
        if part
    )


def _reads(command: Command) -> bool:
    if command.assigns or not _QUIET_REDIRECTIONS.issuperset(command.redirections):
        return False
    if not command.words or any(word.kind == "dynamic" for word in command.words):
        return False
    if command.words[0].kind != "literal":
        return False
    program, *arguments = (word.text for word in command.words)
    match program:
        case "git":
            return arguments == ["--version"] or _git_reads(arguments)
        case "find":
            return _FIND_REFUSED.isdisjoint(arguments)
        case "sed":
            return _sed_reads(arguments)
        case _ if arguments == ["--version"] and program in _VERSIONED:
            return True
        case _:
            reader = READ_ONLY_PROGRAMS.get(program)
            return reader is not None and reader.accepts(arguments)


def _git_reads(arguments: list[str]) -> bool:
    while arguments and arguments[0].startswith("-"):
        match arguments[0]:
            case "--no-pager" | "-P" | "--no-optional-locks":
                arguments = arguments[1:]
            case _:
                # Among them -C: a folder may be a repository whose settings run programs.
                return False
    if not arguments:
        return False
    name, *rest = arguments
    if name in _GIT_LISTS:
        return _GIT_LISTS[name].issuperset(rest) and (bool(rest) or name in _GIT_LISTS_BARE)
    reader = READ_ONLY_GIT.get(name)
    return reader is not None and reader.accepts(rest)


def _sed_reads(arguments: list[str]) -> bool:
    """Accepts `sed -n 1,20p FILE` alone: a sed script can write files and run programs."""
    match arguments:
        case ["-n", script, *files]:
            is_print = _SED_PRINTS.fullmatch(script) is not None
            return is_print and not any(word.startswith("-") for word in files)
        case _:
            return False


def _possible_paths(command: Command) -> Sequence[Word]:
    words = command.words[1:]
    if command.words[0].text not in _PATTERN_FIRST:
        return words
    if any(re.match(r"--[fr]|-[^-]*[ef]", word.text) for word in words):
        return words
    pattern = next((i for i, word in enumerate(words) if not word.text.startswith("-")), None)
    return words if pattern is None else words[:pattern] + words[pattern + 1 :]


def _word_is_confined(word: Word, workspace: Workspace) -> bool:
    text = word.text
    if text.startswith("-"):
        if "=" in text:
            text = text.partition("=")[2]
        elif "/" in text:
            text = text[text.index("/") :]
        elif not text.startswith("--"):
            text = text[2:]  # A value may be glued to a short option.
        if not text or text.startswith("-"):
            return ".." not in text
    if word.kind == "glob":
        return _glob_is_confined(text, workspace)
    try:
        return workspace.inside(workspace.locate(text)) if text else True
    except ToolError:
        # Not a path at all, as a pattern of two lines.
        return "/" not in text and ".." not in text


def _glob_is_confined(pattern: str, workspace: Workspace) -> bool:
    """Says whether all files that match now are inside, and none would pass for an option."""
    if pattern.startswith("/") or ".." in pattern:
        return False
    for number, match in enumerate(workspace.root.glob(pattern)):
        named_like_option = match.relative_to(workspace.root).as_posix().startswith("-")
        if number >= GLOB_MATCHES_MAX or named_like_option or not workspace.inside(match.resolve()):
            return False
    return True
