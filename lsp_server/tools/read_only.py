"""This module knows shell commands that change nothing.

A command is read-only when each of its parts is in this table and none of its
options can write, run or follow something. A program that is not here may be harmless
too, but that is not known; a person is asked. To add a program: look for every option of it that
writes a file, starts a program or waits for ever, and refuse those.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from types import MappingProxyType

from lsp_server.tools.shell_syntax import Command, ShellScript, Word, word_set


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

    def accepts(self, arguments: Sequence[Word]) -> bool:
        if self.operands_max is not None and _operands(arguments) > self.operands_max:
            return False
        return not any(self._refuses(word.text) for word in arguments)

    def _refuses(self, word: str) -> bool:
        if word.startswith("--"):
            name = word.partition("=")[0]
            return len(name) > 2 and any(option.startswith(name) for option in self.options)
        return word.startswith("-") and any(option in self.short_options for option in word[1:])


def _operands(arguments: Sequence[Word]) -> float:
    """How many there are; a pattern may become any number of them."""
    if any(word.kind == "glob" for word in arguments):
        return math.inf
    texts = [word.text for word in arguments]
    end = texts.index("--") if "--" in texts else len(texts)
    before = sum(not text.startswith("-") or text == "-" for text in texts[:end])
    return before + len(texts[end + 1 :])


_PLAIN = word_set("""
    cat head pwd echo true false basename dirname realpath readlink stat df which whoami id
    uname nl cut tr comm cmp join paste fold tac rev column expand seq od hexdump
""")
_SUMS = word_set("md5sum sha1sum sha256sum sha512sum b2sum cksum")
_GREP = ReadOnlyProgram("R", ("--dereference-recursive",))

READ_ONLY_PROGRAMS: Mapping[str, ReadOnlyProgram] = MappingProxyType(
    {name: ReadOnlyProgram() for name in _PLAIN}
    | dict.fromkeys(("grep", "egrep", "fgrep"), _GREP)
    | dict.fromkeys(_SUMS, ReadOnlyProgram("c", ("--check",)))
    | {
        "ls": ReadOnlyProgram("L", ("--dereference",)),
        "wc": ReadOnlyProgram(options=("--files0-from",)),
        "du": ReadOnlyProgram("LX", ("--files0-from", "--exclude-from", "--dereference")),
        "diff": ReadOnlyProgram("rl", ("--recursive", "--paginate")),
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
            "CzZfmp",
            (
                "--preserve-date",
                "--compile",
                "--uncompress",
                "--uncompress-noreport",
                "--files-from",
                "--magic-file",
            ),
        ),
        "tree": ReadOnlyProgram("oRl"),
    }
)

_GIT_LEADING = frozenset({"--no-pager", "-P", "--no-optional-locks"})
_GIT_OPTIONS = (
    "--output",
    "--ext-diff",
    "--textconv",
    "--filters",
    "--open-files-in-pager",
    "--show-signature",
    "--exec",
    "--help",
    "--alternate-refs",
    "--broken",
    "--diff-merges",
    "--dirty",
    "--ignore-submodules",
    "--recurse-submodules",
    "--remerge-diff",
    "--submodule",
)
_BATCHES = ("--batch-all-objects", "--batch-check", "--batch-command")
"""With these it takes names from its input, or all that there are."""
READ_ONLY_GIT: Mapping[str, ReadOnlyProgram] = MappingProxyType(
    {
        name: ReadOnlyProgram(options=_GIT_OPTIONS)
        for name in word_set("""
            status diff log show blame annotate ls-files ls-tree rev-parse rev-list describe shortlog
            cat-file merge-base name-rev for-each-ref show-ref count-objects check-ignore
        """)
    }
    | {
        "grep": ReadOnlyProgram("O", _GIT_OPTIONS),
        "cat-file": ReadOnlyProgram(options=(*_GIT_OPTIONS, *_BATCHES)),
    }
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

_FIND_TESTS = word_set("""
    -H -P -a -amin -and -anewer -atime -cmin -cnewer -ctime -daystart -depth -empty -executable -false
    -fstype -gid -group -ilname -iname -inum -ipath -iregex -iwholename -links -lname -ls -maxdepth
    -mindepth -mmin -mount -mtime -name -newer -newerct -newermt -nogroup -not -nouser -o -or -path
    -perm -print -print0 -printf -prune -quit -readable -regex -regextype -samefile -size -true -type
    -uid -user -wholename -writable -xdev -xtype
""")
_FIND_VALUE = re.compile(r"-(?:\d+\w?|[ugoa]*[=+][rwxXst]+)")
_VERSIONED = word_set("python python3 node git gcc clang make cmake pip uv ruff")
"""Programs that tell their version before they look at a project; `pytest`, `cargo`, `npm` do not."""
_SED_PRINTS = re.compile(
    r"(?:\d+|\$)(?:,(?:\d+|\$|\+\d+))?p(?:; ?(?:\d+|\$)(?:,(?:\d+|\$|\+\d+))?p)*"
)
_JOINS = frozenset({"|", "&&", "||", ";", "\n"})
_QUIET_REDIRECTIONS = frozenset(
    {(operator, "/dev/null") for operator in (">", "1>", "2>", ">>", "2>>")}
    | {("2>&", "1"), (">&", "2"), ("1>&", "2")}
)


def git_arguments(command: Command) -> tuple[Word, ...]:
    """Returns the subcommand and the arguments of a git command that only reads."""
    return tuple(dropwhile(lambda word: word.text in _GIT_LEADING, command.words[1:]))


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


def _reads(command: Command) -> bool:
    if command.assignments or not all(_is_quiet(*to) for to in command.redirections):
        return False
    if not command.words or any(word.kind == "dynamic" for word in command.words):
        return False
    if command.words[0].kind != "literal":
        return False
    program, arguments = command.words[0].text, command.words[1:]
    texts = [word.text for word in arguments]
    match program:
        case "git":
            return texts == ["--version"] or _git_reads(arguments)
        case "find":
            return all(map(_find_reads, texts))
        case "sed":
            return _sed_reads(texts)
        case _ if texts == ["--version"] and program in _VERSIONED:
            return True
        case _:
            reader = READ_ONLY_PROGRAMS.get(program)
            return reader is not None and reader.accepts(arguments)


def _is_quiet(operator: str, target: Word) -> bool:
    return target.kind == "literal" and (operator, target.text) in _QUIET_REDIRECTIONS


def _find_reads(text: str) -> bool:
    return not text.startswith("-") or text in _FIND_TESTS or bool(_FIND_VALUE.fullmatch(text))


def _git_reads(arguments: Sequence[Word]) -> bool:
    # No others, such as -C: a folder may be a repository whose settings run programs.
    arguments = list(dropwhile(lambda word: word.text in _GIT_LEADING, arguments))
    if not arguments:
        return False
    name, rest = arguments[0].text, arguments[1:]
    if name in _GIT_LISTS:
        texts = [word.text for word in rest]
        return _GIT_LISTS[name].issuperset(texts) and (bool(rest) or name in _GIT_LISTS_BARE)
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
