"""Commands that look as if they only read, and do not, or read elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.tools import NeedsCommand
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.approval import Allow, Approval, Ask, Decision
from lsp_server.tools.shell import Shell
from lsp_server.workspace.files.paths import Workspace
from tests.harness.files import lay_out


@pytest.mark.parametrize(
    "command",
    [
        "test -v 'a[$(touch x)]'",
        "test -e x -o -v 'a[$(touch x)]'",
        "printf -v 'a[$(touch x)]' y",
        "printf -v PATH %s ./bin; ls",
        "git -C evil/b status",
        "sort --files0-from=list",
        "wc --files0-from=list",
        "du --files0-from=list",
        "file -f list",
        "file --files-from=list",
        "date -flink",
        "cut -flink link",
        "md5sum -c list",
        "head -nlink link",
        'echo "$\\\n(touch x)"',
        "echo $\\\n(touch x)",
        'echo "$[x[`touch x`]]"',
        "echo hi >> $PWD/dev/null",
        "echo hi > $PWD/dev/null",
        "ls nothing 2> $PWD/dev/null",
        "echo hi > ${X}/dev/null",
        "ls &>/dev/null touch x",
        "ls &>|x",
        "cat $\\\nHOME/x",
        'cat "$\\\nHOME/x"',
        "cat \\\n~/x",
        "cat a=~/x",
        "cat link\\\n",
        "cat $[0]",
        "uniq - out",
        "echo hi | uniq - .git/config",
        "uniq -- link out",
        "uniq -- -x out",
        "uniq ?",
        "uniq -c [ab]",
        "date -",
        "strings @link",
        "strings -- @link",
        "diff -r . src",
        "diff --recursive . src",
        "diff . src",
        "diff src README.md",
        "diff s* README.md",
        "file -Z x.gz",
        "file -p README.md",
        "file --preserve README.md",
        "git cat-file --batch-all-objects --batch-check",
        "du -aL .",
        "ls -RL",
        "git log --help",
        "git diff --submodule=diff",
        "git status --ignore-submodules=none",
        "git describe --dirty",
        "git show --remerge-diff",
        "git rev-list --all --alternate-refs",
        "git show HEAD:.env",
        "git show HEAD:../x",
        "grep -nflink x",
        "grep -nFxflink x",
        "grep -f=link x",
        "grep [l]* README.md",
        "rg --ignore-file /etc/hostname x",
        "cat 'two\nlines'",
        "cat file:link",
        "cat file:///etc/hostname",
        "cat .*",
        "cat .*/x",
        "cat .?/x",
        "cat .[.]/x",
        "cat [.]*/x",
        "cat src/.*/../x",
        "cat notes",
        "cat n*",
        "cat .e*",
        "cat .[e]nv",
        "cat l*",
        "cat */leak",
        "cat src/*/hostname",
    ],
)
def test_they_are_asked_about(project: Path, command: str) -> None:
    assert isinstance(decide(lay_out_traps(project), command), Ask)


@pytest.mark.parametrize(
    "command",
    [
        "ls src/**.py",
        "wc -L *.md",
        "grep -rn foo --include=*.py src",
        "grep -n foo src/*.py ./*.md",
        "grep 'more\nlines' README.md",
        "grep -rn '/api/[a-z]*' src",
        "cat [A-Z]*.md",
        "ls -d .gi*",
        "diff README.md src/a.py",
        "diff -u README.md src/*.py",
        "uniq -c README.md",
        "echo hi | uniq -",
        "find . -maxdepth 2 -type f -mtime -7 ! -name '*.pyc' -print0",
        "find src ( -name a -o -perm -u+x )".replace("(", "\\(").replace(")", "\\)"),
        "git log --format='%h %s' -- src",
        "git show HEAD:src/a.py",
        "wc -l \\\n  README.md",
    ],
)
def test_what_only_looks_like_it_is_free(project: Path, command: str) -> None:
    assert decide(lay_out_traps(project), command) == Allow()


@pytest.mark.parametrize(
    "command", ["ls **/**/**/**/**/**/nope", "ls **", "ls ***/a***b**", "ls *"]
)
def test_patterns_with_many_stars_are_looked_at_like_others(project: Path, command: str) -> None:
    lay_out(project, {"a/" * 30 + "x": "", "b.md": ""})
    assert decide(project, command) == Allow()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("--output=pwned", "git log --outpu[t]=pwned"),
        ("--output=pwned", "git log --o*"),
        ("--output=pwned", "git log -*"),
        ("--output=pwned", "git log *"),
        ("--output=pwned", "git log [a-]*"),
        ("-exec", "find . -maxdepth 0 -ex[e]c touch x \\;"),
        ("-exec", "find . -maxdepth 0 ?exec touch x \\;"),
        ("-o", "sort ?o x"),
        ("-o/x", "sort */x"),
        ("--include=x", "grep -rn foo --include=* src"),
    ],
)
def test_a_pattern_that_may_become_an_option_is_asked_about(
    project: Path, name: str, command: str
) -> None:
    lay_out(lay_out_traps(project), {name: ""})
    assert isinstance(decide(project, command), Ask)


def test_a_pattern_with_more_matches_than_can_be_looked_at_is_asked_about(project: Path) -> None:
    lay_out(project, {f"{a}/{b}/{c}": "" for a in range(13) for b in range(13) for c in range(13)})
    assert decide(project, "ls */*") == Allow()
    assert isinstance(decide(project, "ls */*/*"), Ask)
    assert isinstance(decide(project, "ls */*/*/nope"), Ask)


def lay_out_traps(project: Path) -> Path:
    """Files, and links that lead where nobody may look without asking."""
    lay_out(
        project,
        {"README.md": "", "src/a.py": "", ".env": "K=1", ".gitignore": "", "deep/src/x": ""},
    )
    for name in ("link", "two\nlines", "file:link", "=link", "deep/leak"):
        (project / name).symlink_to("/etc/hostname")
    (project / "notes").symlink_to(".env")
    (project / "src" / "out").symlink_to("/etc")
    return project


def decide(project: Path, command: str) -> Decision:
    approval = Approval(PermissionSettings(), Workspace(project), sandbox_holds=lambda: True)
    return approval.decide(Shell.spec, NeedsCommand(command))
