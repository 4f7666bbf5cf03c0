"""Command lines by chance: near to what is free, with all that makes shells misread."""

from __future__ import annotations

from random import Random

PLAIN_COMMANDS = (
    "ls -la src", "cat a.txt src/b.py", "head -n 3 a.txt", "tail -n 2 a.txt", "wc -l src/*.py",
    "grep -rn foo src", "grep -n foo a.txt", "rg -n foo src", "find . -name '*.py' -type f",
    "sed -n 1,3p a.txt", "sort a.txt", "uniq -c a.txt", "cut -d: -f1 a.txt", "git status -s",
    "git diff --stat", "git log --oneline -3", "git show HEAD:src/b.py", "git ls-files",
    "git branch -a", "git blame a.txt", "diff a.txt src/b.py", "stat a.txt", "file a.txt",
    "tree -L 2", "du -sh src", "echo 'a b' \"c\"", "printf '%s\\n' a b", "pwd", "date", "tr a b",
    "nl a.txt", "od -c a.txt", "md5sum a.txt", "comm a.txt a.txt", "join a.txt a.txt", "fold a.txt",
    "tac a.txt", "rev a.txt", "column -t a.txt", "basename src/b.py", "dirname src/b.py",
    "realpath src", "readlink link", "git grep foo", "git rev-parse HEAD", "seq 3", "expand a.txt",
    "cat -- -x", "ls 2>/dev/null", "ls nothing 2>&1 | wc -l", "true && ls || echo no",
)  # fmt: skip
PROGRAMS = (
    *("cat", "head", "tail", "grep", "egrep", "rg", "ls", "find", "sort", "uniq", "wc", "cut"),
    *("echo", "printf", "stat", "file", "diff", "cmp", "sed", "git", "du", "tree", "od", "tr"),
    *("readlink", "realpath", "tac", "nl", "paste", "md5sum", "date", "cksum", "touch", "test"),
)
NAMES = (
    *("a.txt", "src", "src/b.py", "src/deep/c.md", "-x", "notes", "link", "out", "two words"),
    *(".env", ".hidden", "key.pem", ".git", ".git/config", "HEAD", "foo", ".", "nothing"),
)
OPTIONS = (
    *("-n", "-la", "-r", "-R", "-c", "-o", "-e", "-f", "-L", "-h", "-1", "-a", "-s", "-w", "-i"),
    *("--", "--help", "--version", "--color=always", "-name", "-type", "-newer", "-exec", "-p"),
    *("--output=x", "--file=a.txt", "-falink", "--include=*.py", "-d:", "-t", "-u", "--stat"),
    *("-maxdepth", "-print0", "-regex", "-samefile", "--files0-from=a.txt", "-m1", "--no-index"),
)
PATTERNS = (
    *("*", "?", ".*", ".?", ".[.]", "[.]*", "*/", "*/*", ".*/*", "**", "[a-z]*", "[!a]*", "l*"),
    *(
        "s*/b.py",
        "src/*",
        "src/.*",
        "src/../*",
        "*.txt",
        "?.txt",
        "a[.]txt",
        "[[:alpha:]]*",
        "o*/*",
    ),
    *("*out*", "-*", "[-a]*", "link/*", "*/../*", ".[!.]*", "..?*", "{.,}*", "[", "[]", "[]a]*"),
)
OUTSIDE = (
    *("..", "../o", "/etc/hostname", "/", "~", "~/x", "~root", "$HOME", "$PWD/..", "${HOME}/x"),
    *("$OLDPWD", "out/d", "link", "./..", "src/../..", "/dev/null", "/dev/stdin", "$0", "$PATH"),
)
ODD = (
    *("\\\n", "$\\\n(touch x)", "`touch x`", "$(touch x)", "<(touch x)", "$((1))", "$[1]", "{a,b}"),
    *(
        "${x:-../o}",
        "$'..'",
        "$'\\x2e.'",
        '$".."',
        "!x",
        "#",
        "a#b",
        "\\",
        "''",
        '""',
        "\t",
        "\xa0",
    ),
    *("=~/x", "a=~", "~+", "~-", "&", "&>x", ">x", ">>x", "2>x", ">&2", "<a.txt", "<<<a", ">|x"),
    *("2>&1", "2>/dev/null", "&>/dev/null", ">/dev/null", "> $PWD/dev/null", "|", "||", "&&", ";"),
    *(
        "\n",
        ";;",
        "(",
        ")",
        "{",
        "}",
        "!",
        "time",
        "@a.txt",
        "=a.txt",
        ":a.txt",
        "%s",
        "\\*",
        "\\..",
    ),
    *("'", '"', "$", "`", "\\'", '\\"', "é", "日本", "\u3000", "1>x", "3<a.txt", "|&", "function"),
)
SEPARATORS = ("; ", "\n", " | ", "|", " |\n", " && ", " || ", ";", " 2>/dev/null; ", " \\\n| ")
BLANKS = (" ", " ", " ", "  ", "\t", " \\\n", "\\\n ")
CHARS = "ab.*?[]{}()$`'\"\\/~#!&|;<>=-:,@%^+ \t\n0129"
KINDS = (NAMES, NAMES, NAMES, OPTIONS, OPTIONS, PATTERNS, PATTERNS, OUTSIDE, ODD)


def make_line(chance: Random) -> str:
    """Returns a command line: from scratch, or a plain one with something odd in it.

    >>> make_line(Random(1)) == make_line(Random(1))
    True
    """
    return _changed(chance) if chance.random() < 0.3 else _made(chance)


def _changed(chance: Random) -> str:
    parts = chance.choice(PLAIN_COMMANDS).split(" ")
    for _ in range(chance.choice((2, 3, 3, 4))):
        at = chance.randrange(1, len(parts) + 1)
        match chance.randrange(5):
            case 0:
                parts.insert(at, _word(chance))
            case 1:
                parts[at - 1] = _word(chance)
            case 2:
                parts[at - 1] += chance.choice(chance.choice(KINDS))
            case 3:
                parts[at - 1] = chance.choice(chance.choice(KINDS)) + parts[at - 1]
            case _:
                parts[at - 1] = _scratched(parts[at - 1], chance)
    line = "".join(part + chance.choice(BLANKS) for part in parts)
    if chance.random() < 0.2:
        line = line.rstrip() + chance.choice(SEPARATORS) + chance.choice(PLAIN_COMMANDS)
    return line.rstrip(" ") if chance.random() < 0.9 else line


def _scratched(text: str, chance: Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(CHARS) + text[at + chance.randrange(2) :]


def _made(chance: Random) -> str:
    line = ""
    for _ in range(chance.choice((1, 1, 2, 3))):
        line += chance.choice(SEPARATORS) if line else ""
        line += chance.choice(PROGRAMS)
        for _ in range(chance.randrange(4)):
            line += chance.choice(BLANKS) + _word(chance)
    return line


def _word(chance: Random) -> str:
    pieces = (chance.choice(chance.choice(KINDS)) for _ in range(chance.choice((1, 1, 1, 2, 3))))
    text = chance.choice(("", "", "", "/")).join(pieces)
    match chance.randrange(12):
        case 0:
            return f"'{text}'"
        case 1:
            return f'"{text}"'
        case 2:
            return "".join(f"\\{char}" if chance.random() < 0.3 else char for char in text)
        case _:
            return text
