"""This module reads a shell command line without running it.

It reads as much of the grammar as permission needs: words with their quoting
undone, which of them the shell would still change, control operators,
redirections, and the command lines inside of substitutions. Where it cannot read a line
it says so (`understood`), and the callers then ask a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["literal", "glob", "dynamic"]

NESTING_MAX = 8
CHARS_MAX = 50_000
"""Longer command lines are not read; the system hardly starts them."""
_REDIRECTION = re.compile(r"&>>?|\d*(?:<<<|<<-?|<>|<&|<\(|>\(|>>|>&|>\||<|>)")
_CONTROL = re.compile(r"&&|\|\||;;|\|&|[;&|()\n]")
_PARAMETER = re.compile(r"\$(?:\w+|[?$!#@*-])")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_WORD_ENDS = " \t\n;&|()<>"
_JOINING = ("|", "&&", "||")
_SEPARATORS = (*_JOINING, ";", "&")
_TESTS = ("[", "[[")
"""Programs, though a bracket may begin a glob."""
_CONTINUATION = re.compile(r"[$&|;<>!\d]{0,4}((?:\\\n)+)")
"""A line that goes on, behind what would be read as one with what follows."""
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""Control characters, with which shells do things of their own."""


def word_set(text: str) -> frozenset[str]:
    """Splits a text into its words, for tables that read like one."""
    return frozenset(text.split())


_KEYWORDS = word_set(
    "if then elif else fi do done while until for in case esac select function coproc ! { }"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A `Word` is a word of a command line without its quotes.

    The shell passes a literal word as it is, makes paths of a glob, and
    anything at all of a dynamic one (variables, substitutions, braces, `~`).
    """

    text: str
    kind: Kind = "literal"


@dataclass(frozen=True, slots=True)
class Command:
    """A `Command` is a simple command; redirections are pairs of operator and target."""

    words: tuple[Word, ...]
    assignments: tuple[Word, ...] = ()
    redirections: tuple[tuple[str, Word], ...] = ()

    @property
    def program_words(self) -> tuple[Word, ...]:
        """Returns the words of the program and its arguments, without leading keywords."""
        return self.words[_keywords([word.text for word in self.words]) :]

    @property
    def texts(self) -> tuple[str, ...]:
        """Returns the texts of these words."""
        return tuple(word.text for word in self.program_words)


@dataclass(frozen=True, slots=True)
class ShellScript:
    """A `ShellScript` is a command line as it was read, made by `parse`.

    `operators` join its commands, `nested` are the scripts that are substituted into it,
    and `understood` says whether all of it could be read.
    """

    commands: tuple[Command, ...]
    operators: frozenset[str]
    nested: tuple[ShellScript, ...]
    understood: bool

    def everything(self) -> Iterator[Command]:
        """Yields all commands, those of substitutions included."""
        yield from self.commands
        for script in self.nested:
            yield from script.everything()

    @property
    def single(self) -> Command | None:
        """Returns the one command, None when there is more: others, substitutions, redirections."""
        if not self.understood or len(self.commands) != 1 or self.operators or self.nested:
            return None
        command = self.commands[0]
        return None if command.assignments or command.redirections else command


def parse(text: str, depth: int = 0) -> ShellScript:
    """Reads a command line; never fails, but the result may say that it was not understood.

    >>> parse("grep -r 'two words' src | head").commands[0].texts
    ('grep', '-r', 'two words', 'src')
    >>> parse("echo $(date)").nested[0].single.texts
    ('date',)
    >>> parse("echo 'open").understood
    False
    """
    if len(text) > CHARS_MAX or _UNREADABLE.search(text):
        return ShellScript((), frozenset(), (), understood=False)
    stripped = text.strip(" \t\n")
    # A last backslash belongs to what follows it.
    return _Parser(text if stripped.endswith("\\") else stripped, depth).script()


@dataclass(slots=True)
class _Draft:
    """A `_Draft` is a script as far as it is read."""

    commands: list[Command] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)
    nested: list[ShellScript] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    redirections: list[tuple[str, Word]] = field(default_factory=list)
    assignments: list[Word] = field(default_factory=list)
    redirecting: str | None = None
    after: str = ""
    """The operator that the command being read stands behind."""
    broken: bool = False
    """Whether a redirection or an operator has nothing to act on."""

    @property
    def begun(self) -> bool:
        """Whether there is something of a command since the last operator."""
        return bool(self.words or self.assignments or self.redirections)

    def word(self, word: Word) -> None:
        if self.redirecting is not None:
            self.redirections.append((self.redirecting, word))
            self.redirecting = None
        elif not self.words and ASSIGNMENT.match(word.text):
            self.assignments.append(word)
        else:
            self.words.append(word)

    def control(self, operator: str) -> None:
        self.operators.add(operator)
        follows_nothing = not self.begun and self.after in ("", "\n", *_SEPARATORS)
        self.broken |= follows_nothing and operator in _SEPARATORS
        if self.begun or operator != "\n":
            self.after = operator
        self.end_command()

    def end_command(self) -> None:
        self.broken |= self.redirecting is not None
        if self.begun:
            parts = tuple(self.words), tuple(self.assignments), tuple(self.redirections)
            self.commands.append(Command(*parts))
        self.words, self.assignments, self.redirections, self.redirecting = [], [], [], None


@dataclass(slots=True)
class _WordDraft:
    parts: list[str] = field(default_factory=list)
    kind: Kind = "literal"

    def changes(self, kind: Kind) -> None:
        if self.kind != "dynamic":
            self.kind = kind


class _Parser:
    def __init__(self, text: str, depth: int) -> None:
        self._text = text
        self._at = 0
        self._depth = depth
        self._understood = depth < NESTING_MAX
        if not self._understood:
            self._at = len(text)

    def script(self, *, closing: bool = False) -> ShellScript:
        """Reads up to the end, or with `closing` past the `)` that matches none inside."""
        draft = _Draft()
        parentheses = 0
        closed = not closing
        while self._more():
            if self._text[self._at] in " \t":
                self._at += 1
            elif self._text[self._at] == "#":
                self._at = _end_of_line(self._text, self._at)
            elif found := _REDIRECTION.match(self._text, self._at):
                self._at = found.end()
                self._redirection(draft, found.group())
            elif found := _CONTROL.match(self._text, self._at):
                self._at = found.end()
                if found.group() == ")" and closing and not parentheses:
                    closed = True
                    break
                parentheses += (found.group() == "(") - (found.group() == ")")
                draft.control(found.group())
            else:
                draft.word(self._word(draft))
        unfinished = draft.after in _JOINING and not draft.begun
        draft.end_command()
        broken = draft.broken or unfinished
        self._understood = self._understood and closed and not broken
        return ShellScript(
            tuple(draft.commands), frozenset(draft.operators), tuple(draft.nested), self._understood
        )

    def _redirection(self, draft: _Draft, operator: str) -> None:
        if operator.endswith("("):
            self._nest(draft)
            draft.word(Word("", "dynamic"))
        else:
            draft.broken |= draft.redirecting is not None
            draft.redirecting = operator
            if operator.startswith("&"):  # Not every shell knows it: to some the command ends here.
                draft.operators.add("&")

    def _word(self, draft: _Draft) -> Word:
        word = _WordDraft()
        while self._more() and self._text[self._at] not in _WORD_ENDS:
            char = self._text[self._at]
            match char:
                case "'":
                    self._single_quoted(word)
                case '"':
                    self._double_quoted(word, draft)
                case "\\":
                    self._escaped(word)
                case "$" | "`":
                    self._expansion(word, draft)
                case _:
                    self._plain(word, char)
        text = "".join(word.parts)
        is_program = word.kind == "glob" and text in _TESTS
        return Word(text, "literal" if is_program else word.kind)

    def _plain(self, word: _WordDraft, char: str) -> None:
        if char in "*?[":
            word.changes("glob")
        # Behind these two as well, where a word looks like an assignment.
        if char == "~" and self._text[self._at - 1 : self._at] in ("", "=", ":", *_WORD_ENDS):
            word.changes("dynamic")
        # `{}` and a lone `{` are passed on; any other brace may expand.
        if char == "{" and self._text[self._at + 1 : self._at + 2] not in ("}", " ", "\n", ""):
            word.changes("dynamic")
        word.parts.append(char)
        self._at += 1

    def _single_quoted(self, word: _WordDraft) -> None:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            self._give_up()
            return
        word.parts.append(self._text[self._at + 1 : end])
        self._at = end + 1

    def _double_quoted(self, word: _WordDraft, draft: _Draft) -> None:
        self._at += 1
        while self._more():
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                return
            if char in "$`":
                self._expansion(word, draft, quoted=True)
            elif char == "\\" and self._text[self._at + 1 : self._at + 2] in tuple('$`"\\'):
                self._escaped(word)
            else:
                word.parts.append(char)
                self._at += 1
        self._give_up()

    def _escaped(self, word: _WordDraft) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        if not following:  # Dropped by some shells, kept by others.
            self._give_up()
            return
        word.parts.append(following)
        self._at += 2

    def _expansion(self, word: _WordDraft, draft: _Draft, *, quoted: bool = False) -> None:
        """Reads what begins at a `$` or a backtick."""
        following = self._text[self._at : self._at + 2]
        if following.startswith("`"):
            word.changes("dynamic")
            self._backticks(draft)
        elif following == "$(":
            word.changes("dynamic")
            self._at += 2
            self._nest(draft)
        elif following == "${":
            word.changes("dynamic")
            self._braces(draft)
        elif following == "$[":  # An older spelling of `$((…))`.
            word.changes("dynamic")
            self._at += 2
        elif not quoted and following in ("$'", '$"'):
            word.changes("dynamic")
            self._at += 1
            if following == "$'":
                self._ansi_quoted()
        elif found := _PARAMETER.match(self._text, self._at):
            word.changes("dynamic")
            self._at = found.end()
        else:
            word.parts.append("$")
            self._at += 1

    def _nest(self, draft: _Draft) -> None:
        """Reads a substitution, from behind its `(` to its `)`."""
        self._depth += 1
        if self._depth >= NESTING_MAX:
            self._give_up()
            return
        draft.nested.append(self.script(closing=True))
        self._depth -= 1

    def _backticks(self, draft: _Draft) -> None:
        found = re.compile(r"(?:\\.|[^`\\])*", re.DOTALL).match(self._text, self._at + 1)
        if found is None or found.end() >= len(self._text):
            self._give_up()
            return
        self._at = found.end() + 1
        text = found.group().replace("\\\n", "")  # Even within single quotes.
        inner = parse(re.sub(r"\\([`$\\])", r"\1", text), self._depth + 1)
        draft.nested.append(inner)
        self._understood = self._understood and inner.understood

    def _braces(self, draft: _Draft) -> None:
        self._at += 2
        inside = _WordDraft()
        while self._more():
            char = self._text[self._at]
            if char == "}":
                self._at += 1
                return
            if char in "$`":
                self._expansion(inside, draft, quoted=True)
            else:
                self._at += 2 if char == "\\" else 1
        self._give_up()

    def _ansi_quoted(self) -> None:
        found = re.compile(r"'(?:\\.|[^'\\])*'", re.DOTALL).match(self._text, self._at)
        if found is None:
            self._give_up()
        else:
            self._at = found.end()

    def _more(self) -> bool:
        """Says whether there is more to read, and joins lines that go on, as shells do.

        It is called wherever shells join, which is not within single quotes and comments.
        """
        while found := _CONTINUATION.match(self._text, self._at):
            self._text = self._text[: found.start(1)] + self._text[found.end() :]
        return self._at < len(self._text)

    def _give_up(self) -> None:
        self._understood = False
        self._at = len(self._text)


def _keywords(texts: list[str]) -> int:
    """How many words at the start are keywords, or belong to one: what follows is a command."""
    at, last_do = 0, max((i for i, text in enumerate(texts) if text == "do"), default=0)
    while at < len(texts) and texts[at] in _KEYWORDS:
        match texts[at : at + 3]:
            case ["for" | "select", *_] if at < last_do:
                at = texts.index("do", at)
            case ["function", _, *_]:
                at += 2
            case ["coproc", _, following] if following in _KEYWORDS:
                at += 2
            case _:
                at += 1
    return at


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
