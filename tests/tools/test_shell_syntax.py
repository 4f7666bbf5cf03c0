from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.tools.shell_syntax import parse


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("", []),
        ("ls -l", [["ls", "-l"]]),
        ("echo 'a b' \"c d\" e\\ f", [["echo", "a b", "c d", "e f"]]),
        ("r''m \"x\"y", [["rm", "xy"]]),
        ("l\\\ns -a", [["ls", "-a"]]),
        ("a; b && c || d | e & f\ng", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("A=1 B+=2 C[0]=3 cmd x=1", [["cmd", "x=1"]]),
        ("cmd >out 2>&1 <in arg", [["cmd", "arg"]]),
        ("2>/dev/null cmd", [["cmd"]]),
        ("cmd &>out", [["cmd"]]),
        ("echo a#b # comment ; rm\nls", [["echo", "a#b"], ["ls"]]),
        ("if true; then rm x; fi", [["true"], ["rm", "x"], []]),
        ("for f in a; do rm $f; done", [["f", "in", "a"], ["rm", ""], []]),
        ("(cd x && { rm y; })", [["cd", "x"], ["rm", "y"], []]),
        ('echo "a $(rm x) b"', [["echo", "a  b"], ["rm", "x"]]),
        ("echo $(a $(b) `c`)", [["echo", ""], ["a", "", ""], ["b"], ["c"]]),
        ("echo `a \\`b\\``", [["echo", ""], ["a", ""], ["b"]]),
        ("echo ${x:-$(rm y)}", [["echo", ""], ["rm", "y"]]),
        ("diff <(a) >(b)", [["diff", "", ""], ["a"], ["b"]]),
        ('echo "it\'s" \'say "x"\'', [["echo", "it's", 'say "x"']]),
        ('echo "a\\$b\\n"', [["echo", "a$b\\n"]]),
        ("true && \\\n  rm x", [["true"], ["rm", "x"]]),
        ("\\\nrm \\\n \\\n x\\\n", [["rm", "x"]]),
        ("git \\\n  push", [["git", "push"]]),
        ("a &\\\n& b |\\\n| c", [["a"], ["b"], ["c"]]),
        ('echo "$\\\n(rm x)" $\\\n(rm y)', [["echo", "", ""], ["rm", "x"], ["rm", "y"]]),
        ("echo 'a\\\nb' \"a\\\nb\" c\\\\\nd", [["echo", "a\\\nb", "ab", "c\\"], ["d"]]),
        ("echo `'r\\\nm' x`", [["echo", ""], ["rm", "x"]]),
        ("# don't \\\nrm x", [["rm", "x"]]),
        ("cat x\\ ", [["cat", "x "]]),
        ("\u3000ls x\xa0", [["\u3000ls", "x\xa0"]]),
        ("a |\n\n b", [["a"], ["b"]]),
        ("function f { rm x; }", [["rm", "x"], []]),
        ("coproc N { rm x; }; coproc rm y", [["rm", "x"], [], ["rm", "y"]]),
        ("for f do rm x; done", [["rm", "x"], []]),
        ("! if ! rm x", [["rm", "x"]]),
    ],
)
def test_commands_are_found_with_their_words(text: str, commands: list[list[str]]) -> None:
    script = parse(text)
    assert script.understood
    assert [list(command.texts) for command in script.everything()] == commands


@pytest.mark.parametrize(
    ("text", "target", "kind"),
    [
        ("a >/dev/null", "/dev/null", "literal"),
        ("a >'/dev/null'", "/dev/null", "literal"),
        ("a >$PWD/dev/null", "/dev/null", "dynamic"),
        ("a 2>$(b)/dev/null", "/dev/null", "dynamic"),
        ("a >/dev/nul[l]", "/dev/nul[l]", "glob"),
    ],
)
def test_where_a_redirection_leads_is_known_as_well_as_a_word(
    text: str, target: str, kind: str
) -> None:
    ((_, word),) = parse(text).commands[0].redirections
    assert (word.text, word.kind) == (target, kind)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("a", "literal"), ("'*'", "literal"), ('"~"', "literal"), ("a~b", "literal"), ("{}", "literal"),
        ("\\$x", "literal"), ("$", "literal"), ("'$x'", "literal"), ("*.py", "glob"), ("[ab]", "glob"),
        ("a?", "glob"), ("$x", "dynamic"), ('"$x"', "dynamic"), ("${x}", "dynamic"), ("$?", "dynamic"),
        ("~", "dynamic"), ("~/x", "dynamic"), ("{a,b}", "dynamic"), ("x{1..3}", "dynamic"),
        ("$'\\x72m'", "dynamic"), ('$"x"', "dynamic"), ("`x`", "dynamic"), ("$((1+1))", "dynamic"),
        ("*$x", "dynamic"), ("$x*", "dynamic"),
        ("$[1+1]", "dynamic"), ('"$[1]"', "dynamic"), ("$\\\nx", "dynamic"), ("\\\n~/x", "dynamic"),
        ("a=~/x", "dynamic"), ("a=b:~/x", "dynamic"), ("a='~'", "literal"), ("'$\\\nx'", "literal"),
        ("[", "literal"), ("[[", "literal"), ("[a", "glob"), ("$x[", "dynamic"), ("$x[[", "dynamic"),
    ],
)  # fmt: skip
def test_it_is_known_what_the_shell_would_change(word: str, kind: str) -> None:
    (command,) = parse(f"echo {word}").commands
    assert [w.kind for w in command.words] == ["literal", kind]


@pytest.mark.parametrize(
    "text",
    [
        "'", '"', "echo $(", "echo `x", "echo ${x", "echo $'x", "$(" * 50 + ")" * 50, "a \\", "a 'b\n'\\",
        "a >", "a >;b", "a >2>x", "a &>|b", "a |", "a &&", "a ||\n", "a;|b", ";a", "a\n;b", "a | | b",
        "a\rb", "a\x01", "a\x7f", "a\0b", "a " * 60_000,
    ],
)  # fmt: skip
def test_what_is_broken_is_not_understood(text: str) -> None:
    assert not parse(text).understood


@pytest.mark.parametrize(
    ("text", "single"),
    [
        ("ls -l", True), ("ls\n", True), ("ls; ls", False), ("ls &", False), ("A=1 ls", False),
        ("ls >x", False), ("ls $(x)", False), ("ls `x`", False), ("", False), ("cat <<E\nx\nE", False),
        ("ls <(x)", False), ("(ls)", False), ("ls 2>/dev/null", False),
    ],
)  # fmt: skip
def test_a_single_command_is_nothing_else(text: str, single: bool) -> None:
    assert (parse(text).single is not None) == single


READABLE = st.text(st.characters(exclude_categories=["Cc"]) | st.sampled_from("\t\n"), min_size=1)


@given(st.lists(READABLE, min_size=1))
def test_quoted_words_come_back(words: list[str]) -> None:
    script = parse("echo " + shlex.join(words) + " end")
    assert script.understood
    assert [word.text for word in script.commands[0].words] == ["echo", *words, "end"]
    assert {word.kind for word in script.commands[0].words} == {"literal"}


@given(st.text(alphabet="ab '\"\\$`(){}<>|&;\n#*~=1"))
def test_reading_never_fails(text: str) -> None:
    list(parse(text).everything())
