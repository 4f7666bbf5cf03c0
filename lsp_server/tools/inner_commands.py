"""This module finds the commands that a command line runs: its own, and those behind programs that run others.

It errs on the side of more: what may be a command but cannot be told is `unclear`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lsp_server.tools.shell_syntax import ASSIGNMENT, ShellScript, Word, parse
from lsp_server.tools.wrappers import (
    EVALUATORS,
    GIT_COMMANDS,
    PLAIN,
    SHELLS,
    Wrapper,
    wrapper_names,
)
from lsp_server.workspace.git.repository import is_harmless_setting

LOOKS_MAX = 200
"""Commands looked at inside of a command line, and words of a program that runs others; more is an attack."""

_ANYTHING = Word("", "dynamic")
_INPUT_FILES = re.compile(r"-|/dev/(?:stdin|fd/\d+|tty)|/proc/.*")
_REMOVES = frozenset({"-delete"})
_REMOVING = (Word("rm"), Word("-r"), Word("-f"))
_PARALLEL_INPUT = frozenset({":::", ":::+", "::::", "::::+"})


@dataclass(frozen=True, slots=True)
class RunCommand:
    """A `RunCommand` is a command that a script runs.

    Commands may stand among its `unclear` words too. `targets` are where redirections lead;
    those come without words.
    """

    words: tuple[Word, ...]
    unclear: tuple[Word, ...] = ()
    targets: tuple[Word, ...] = ()


def program_name(text: str) -> str:
    """Returns the name of a program that may be written with its path.

    >>> program_name("/usr/bin/rm"), program_name("rm.exe")
    ('rm', 'rm')
    """
    return (PurePosixPath(text).name or text).removesuffix(".exe")


def find_operands(operands: Sequence[str], words: Sequence[str]) -> int | None:
    """Returns where the words go on behind the operands, which come in this order, if they do.

    Before each of them come only options, with a value or without.
    """
    at = 0
    for operand in operands:
        while at < len(words) and words[at] != operand:
            follows_option = at > 0 and words[at - 1].startswith("-")
            if not words[at].startswith("-") and not follows_option:
                return None
            at += 1
        if at == len(words):
            return None
        at += 1
    return at


def commands_run_by(script: ShellScript) -> Iterator[RunCommand | None]:
    """Yields what a script runs, as far as words can tell; None for what cannot be read or is too much."""
    waiting: list[ShellScript | tuple[Word, ...]] = [script]
    looks = 0
    while waiting:
        current = waiting.pop()
        if isinstance(current, ShellScript):
            if not current.understood:
                yield None
            for command in current.everything():
                waiting.append(command.program_words)
                # Commands in variables run sooner or later.
                targets = tuple(target for _, target in command.redirections)
                yield RunCommand((), command.assignments, targets)
            continue
        looks += 1
        inner = _inner(current)
        if looks > LOOKS_MAX or (inner.wraps and len(current) > LOOKS_MAX):
            yield None
            return
        yield RunCommand(current, tuple(inner.unclear))
        waiting += inner.commands
        waiting += map(parse, inner.lines)


@dataclass(slots=True)
class _Inner:
    """What a command runs besides itself."""

    commands: list[tuple[Word, ...]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    unclear: list[Word] = field(default_factory=list)
    wraps: bool = False

    def anything(self) -> None:
        """Takes note that it cannot be told."""
        self.commands.append((_ANYTHING,))

    def line(self, words: Sequence[Word]) -> None:
        """Takes the words as a command line that a shell reads once more."""
        self.lines.append(" ".join(word.text for word in words))
        if any(word.kind == "dynamic" for word in words):
            self.anything()


def _inner(words: tuple[Word, ...]) -> _Inner:
    found = _Inner()
    if not words or words[0].kind != "literal":
        return found
    name, arguments = program_name(words[0].text), words[1:]
    if name in EVALUATORS or "$" in name or "`" in name:
        found.lines += [word.text for word in words if re.search(r"\$\(|`|\$\{", word.text)]
    if name in SHELLS:
        _read_shell(arguments, found)
    elif (row := _wrapper(name, arguments)) is not None:
        _WrapperReader(row[0], arguments, row[1], found).read()
    elif name == "git":
        _read_git(arguments, found)
    elif name not in PLAIN:
        found.wraps = True
        # `'rm x'` and `env:rm`, as some take a command.
        found.unclear += words if re.search(r"[\s:]", name) else arguments
    if name == "find" and not _REMOVES.isdisjoint(word.text for word in arguments):
        found.unclear += _REMOVING
    return found


def _wrapper(name: str, arguments: Sequence[Word]) -> tuple[Wrapper, int] | None:
    """The row for a command, and where its arguments begin behind the subcommand."""
    texts = [word.text for word in arguments]
    for subcommand, wrapper in wrapper_names(name):
        at = find_operands(subcommand, texts)
        if at is not None:
            return wrapper, at
    return None


def _read_shell(arguments: Sequence[Word], found: _Inner) -> None:
    found.wraps = True
    takes_line = reads_input = False
    at = 0
    while at < len(arguments) and re.match(r"[-+].", text := arguments[at].text):
        at += 2 if re.fullmatch(r"[-+]\w*[oO]|--rcfile|--init-file", text) else 1
        if text == "--":
            break
        takes_line |= re.match(r"-\w*c", text) is not None or text == "--command"
        reads_input |= re.match(r"-\w*s", text) is not None
        if text.startswith("--command="):
            found.lines.append(text.partition("=")[2])
    rest = arguments[at:]
    if takes_line:
        found.line(rest[:1])
    elif not rest or reads_input or _INPUT_FILES.fullmatch(rest[0].text):
        found.anything()
    if any(word.kind == "dynamic" for word in (*arguments[:at], *rest[:1])):
        found.anything()


def _read_git(arguments: Sequence[Word], found: _Inner) -> None:
    """Settings of git start programs, and an unknown subcommand may be an alias."""
    texts = [word.text for word in arguments]
    at = 0
    while at < len(texts) and texts[at].startswith("-"):
        takes_word = texts[at] in ("-c", "-C", "--git-dir", "--work-tree", "--namespace")
        if texts[at] == "-c" and not _is_harmless(texts[at + 1 : at + 2]):
            found.anything()
        if re.match(r"--config-env|--exec-path=|-c.", texts[at]):
            found.anything()
        at += 2 if takes_word else 1
    if texts[at : at + 1] == ["config"]:
        settings = (text for text in texts[at + 1 :] if "." in text and "/" not in text)
        if not all(_is_harmless([text]) for text in settings):
            found.anything()
    elif at < len(texts) and texts[at] not in GIT_COMMANDS:
        found.commands.append((Word("git"), _ANYTHING))


def _is_harmless(setting: Sequence[str]) -> bool:
    """Says whether a setting of git, as in `a.b.c=value`, can start nothing."""
    name, _, value = "".join(setting).partition("=")
    section, _, rest = name.lower().partition(".")
    return is_harmless_setting(f"{section}.{rest.rpartition('.')[2]}", value)


@dataclass(slots=True)
class _WrapperReader:
    """It reads the words of a program by its row, from `at`."""

    wrapper: Wrapper
    words: Sequence[Word]
    at: int
    found: _Inner
    placeholder: str = "{}"
    is_unsure: bool = False

    def read(self) -> None:
        self.found.wraps = self.wrapper.rest != "data"
        begins = self._skip()
        if begins is None:
            return
        before, rest = self.words[:begins], tuple(self.words[begins:])
        if any(word.kind == "dynamic" for word in before):
            self.found.anything()
        self.found.unclear += self.words if self.is_unsure else before
        self._take(rest)

    def _skip(self) -> int | None:
        """Reads options and operands, to where the command begins; None where nothing runs."""
        operands, at, options = self.wrapper.operands, self.at, True
        while at < len(self.words):
            text = self.words[at].text
            if text in self.wrapper.starts:
                self._command(self.words[at + 1 :])
                at += 1
            elif text == "--" and options:
                options, at = False, at + 1
                if not operands and self.wrapper.rest not in ("data", "unclear"):
                    break
            elif options and re.match(r"-.", text):
                if self._looks(text):
                    return None
                at += self._option(at)
            elif self._is_passed_over(text):
                at += 1
            elif operands:
                operands, at = operands - 1, at + 1
            else:
                break
        return min(at, len(self.words))

    def _is_passed_over(self, text: str) -> bool:
        """Says whether a word belongs neither to the operands nor to the command."""
        if self.wrapper.rest in ("data", "unclear"):
            return True
        return self.wrapper.rest == "command" and (text == "-" or bool(ASSIGNMENT.match(text)))

    def _take(self, rest: tuple[Word, ...]) -> None:
        wrapper = self.wrapper
        if wrapper.rest == "data":
            self.found.unclear = [word for word in self.found.unclear if "=" in word.text]
        if not rest:
            self._take_input()
            return
        if wrapper.rest == "lines":
            for word in rest:
                self.found.line([word])
                self.found.line([Word(word.text.partition("=")[2], word.kind)])
            self.found.unclear += rest
        elif wrapper.rest == "line":
            self._take_line(rest)
        else:
            self._command(rest)

    def _take_input(self) -> None:
        """Notes what a program without a command reads from its input."""
        is_served = self.found.lines or self.found.commands or self._has_file()
        makes_lines = self.wrapper.adds_words and self.wrapper.rest == "line"
        if (self.wrapper.reads_input or makes_lines) and not is_served:
            self.found.anything()

    def _take_line(self, rest: tuple[Word, ...]) -> None:
        texts = [word.text for word in rest]
        cut = next((i for i, text in enumerate(texts) if text in _PARALLEL_INPUT), len(rest))
        added = (_ANYTHING,) if self.wrapper.adds_words and cut else ()
        if cut or not self.wrapper.adds_words:
            self.found.lines.append(" ".join([*texts[:cut], *("$_" for _ in added)]))
        if any(word.kind == "dynamic" for word in rest):
            self.found.anything()
        for word in rest[cut + 1 :] if self.wrapper.adds_words else ():
            self.found.line([word])

    def _command(self, words: Sequence[Word]) -> None:
        if self.wrapper.rest == "data":  # One of several, as of `find`.
            ends = (i for i, word in enumerate(words) if word.text in (";", "+"))
            words = words[: next(ends, len(words))]
        if self.wrapper.adds_words and words:
            words = [self._filled(word) for word in words]
            words.append(_ANYTHING)
        self.found.commands.append(tuple(words))

    def _filled(self, word: Word) -> Word:
        return Word(word.text, "dynamic") if self.placeholder in word.text else word

    def _has_file(self) -> bool:
        """Whether commands come from a file that is named, as in `source x` or `at -f x`."""
        texts = [word.text for word in self.words]
        return "-f" in texts or (
            self.wrapper.rest == "data" and any(not _INPUT_FILES.fullmatch(text) for text in texts)
        )

    def _looks(self, text: str) -> bool:
        return any(re.fullmatch(rf"-\w*{option[1:]}\w*", text) for option in self.wrapper.looks)

    def _option(self, at: int) -> int:
        """Reads an option; returns how many words it takes."""
        text = self.words[at].text
        name, equals, value = text.partition("=")
        wrapper = self.wrapper
        if text.startswith("--") or name in wrapper.lines | wrapper.values:
            if name in wrapper.lines:
                self._line_option(value if equals else None, at)
            elif name not in wrapper.values:
                self.is_unsure |= not equals
                return 1
            return 1 if equals else 2
        for i in range(1, len(text)):
            option, value = f"-{text[i]}", text[i + 1 :]
            if option in wrapper.lines:
                self._line_option(value or None, at)
            if option in ("-I", "-J") and wrapper.adds_words:
                self.placeholder = value or self._text(at + 1) or "{}"
            if option in wrapper.lines | wrapper.values:
                return 1 if value else 2
        self.is_unsure = True
        return 1

    def _line_option(self, value: str | None, at: int) -> None:
        """Takes the value of an option, in the same word or the next, with what may belong to it."""
        begins = at + 1 if value is not None else at + 2
        line = value if value is not None else self._text(at + 1)
        rest = shlex.join(word.text for word in self.words[begins:])
        self.found.lines += [line] if self.wrapper.rest == "data" else [line, f"{line} {rest}"]
        if any(word.kind == "dynamic" for word in self.words[at:]):
            self.found.anything()

    def _text(self, at: int) -> str:
        return self.words[at].text if at < len(self.words) else ""
