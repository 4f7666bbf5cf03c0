"""Commands of every day that must work in a sandbox, each a row of data.

They run in a small project with a git repository. `WHEELS` is a folder with a wheel
outside of it, `PYTHON` a Python with pip where there is one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from lsp_server.sandbox.policy import NetworkAccess


@dataclass(frozen=True, slots=True)
class Everyday:
    """One command, with what its output must hold besides exit status 0.

    `needs` are the programs without which it is skipped. `not_held` names the
    mechanisms under which it cannot work, with the reason. `label` is what the
    documentation calls it.
    """

    command: str
    prints: str = ""
    needs: tuple[str, ...] = ()
    network: NetworkAccess = "off"
    not_held: tuple[tuple[str, str], ...] = ()
    label: str = ""


def everywhere(reason: str) -> tuple[tuple[str, str], ...]:
    """What no mechanism lets a command do."""
    return tuple((mechanism, reason) for mechanism in MECHANISMS)


MECHANISMS = {"bubblewrap": "bubblewrap", "landlock": "Landlock and seccomp"}
"""The columns of the table, by their names."""

NO_NAMESPACE = "no network of its own"
NO_TERMINAL = "no new terminal"
WRITES_GIT = "`.git` is read-only"
WRITES_OUTSIDE = "writes outside of the workspace"
NO_NETWORK = "no network"

EVERYDAY = (
    Everyday("python3 -c 'print(6 * 7)'", "42", label="a Python script"),
    Everyday("python3 -m unittest -q test_sum 2>&1", "OK", label="`python -m unittest`"),
    Everyday("python3 -m compileall -q . && ls __pycache__", "test_sum"),
    Everyday('"$PYTHON" -m pytest -q test_sum.py', "1 passed", ("pytest",), label="`pytest`"),
    Everyday(
        '"$PYTHON" -m pip install -q --disable-pip-version-check --no-index --find-links "$WHEELS" '
        "--target lib tiny 2>&1; PYTHONPATH=lib python3 -c 'import tiny; print(tiny.name)'",
        "tiny wheel",
        ("pip",),
        label="`pip install` from a folder",
    ),
    Everyday(
        'python3 -m http.server 8766 --bind 127.0.0.1 --directory "$WHEELS" >/dev/null 2>&1 & '
        "for i in 1 2 3 4 5 6 7 8 9; do curl -sf http://127.0.0.1:8766/simple/ >/dev/null && break; "
        'sleep 0.5; done; "$PYTHON" -m pip install -q --disable-pip-version-check '
        "--index-url http://127.0.0.1:8766/simple --target lib tiny 2>&1; "
        "PYTHONPATH=lib python3 -c 'import tiny; print(tiny.name)'",
        "tiny wheel",
        ("pip", "curl"),
        "loopback",
        (("landlock", NO_NAMESPACE),),
        label="`pip install` from an index that the command serves, with network `loopback`",
    ),
    Everyday(
        '"$PYTHON" -m pip install -q --disable-pip-version-check --retries 0 --timeout 2 '
        "--target lib tiny 2>&1",
        needs=("pip",),
        not_held=everywhere(NO_NETWORK),
        label="`pip install` from the network",
    ),
    Everyday(
        "python3 -m venv --without-pip .venv && .venv/bin/python -c 'print(1)'",
        "1",
        label="`python -m venv`",
    ),
    Everyday("python3 -c 'import tempfile; print(tempfile.NamedTemporaryFile().name)'", "scratch"),
    Everyday(
        "python3 -c 'import multiprocessing as m; q = m.Queue(); q.put(5); print(q.get())'",
        "5",
        label="`multiprocessing`",
    ),
    Everyday(
        "python3 -c 'import asyncio; print(asyncio.run((asyncio.sleep)(0, \"slept\")))'",
        "slept",
    ),
    Everyday("git status --short", "?? untracked", label="`git status`, `diff`, `log`, `blame`"),
    Everyday("git diff --stat", "tracked"),
    Everyday("git log --oneline", "first"),
    Everyday("git blame -s tracked", "content"),
    Everyday("git grep -n content", "tracked"),
    Everyday("git ls-files | wc -l", "3"),
    Everyday("git show HEAD:tracked", "content"),
    Everyday(
        "git clone -q . copy && git -C copy -c user.name=x -c user.email=x@x commit -qm y "
        "--allow-empty && git -C copy log --oneline",
        "y",
        label="`git clone` into the workspace, and commits there",
    ),
    Everyday("make -s hello", "made", ("make",), label="`make`"),
    Everyday(
        "echo 'int puts(const char *); int main() { puts(\"compiled\"); }' > a.c && gcc -o a a.c "
        "&& ./a",
        "compiled",
        ("gcc",),
        label="`gcc`",
    ),
    Everyday(
        "npm ci --offline --no-audit --no-fund 2>&1 && node -p 'require(\"tiny\")'",
        "tiny module",
        ("npm", "node"),
        label="`npm ci` from a cache or file",
    ),
    Everyday("npm run -s hello", "run by npm", ("npm", "node"), label="`npm run`"),
    Everyday('node -e \'require("fs").writeFileSync("n", "node")\' && cat n', "node", ("node",)),
    Everyday(
        'node -e \'require("child_process").fork("child.js").on("message", console.log)\'',
        "from the child",
        ("node",),
        label="`node` with child processes",
    ),
    Everyday(
        "cargo build -q --offline 2>&1 && ./target/debug/hello",
        "rusty",
        ("cargo",),
        label="`cargo build` offline",
    ),
    Everyday("javac Hello.java && java Hello", "from java", ("javac",), label="`javac`, `java`"),
    Everyday(
        "tar czf a.tgz tracked Makefile && mkdir t && tar xzf a.tgz -C t && ls t",
        "tracked",
        label="`tar`, `zip`",
    ),
    Everyday(
        "zip -q a.zip tracked && unzip -qo a.zip -d z && cat z/tracked", "content", ("zip", "unzip")
    ),
    Everyday(
        "sed -i s/content/changed/ tracked && cat tracked",
        "changed",
        label="`sed -i`, `patch`, `vim`",
    ),
    Everyday("mktemp && mktemp -d", "scratch"),
    Everyday("seq 200000 | shuf | sort -n -S 64K | tail -1", "200000"),
    Everyday("cat <<< heredoc && cat << END\nfrom here\nEND", "from here"),
    Everyday(
        'sqlite3 a.db "create table t(a); insert into t values(7); select a from t"',
        "7",
        ("sqlite3",),
        label="`sqlite3`",
    ),
    Everyday(
        "cp tracked run.sh && echo 'echo ran' > run.sh && chmod +x run.sh && ./run.sh",
        "ran",
        label="a script that it wrote",
    ),
    Everyday("touch -d 2001-01-01 tracked && ls -l --time-style=+%Y tracked", "2001"),
    Everyday("ln -s tracked link && cp -a link copied && rm -r link copied && ls", "tracked"),
    Everyday(
        "find . -name '*.py' -print0 | xargs -0 -P 2 grep -l def",
        "test_sum.py",
        label="`find`, `xargs`, `grep`",
    ),
    Everyday("grep -rn content . --include=tracked", "content"),
    Everyday(
        "diff -u tracked <(echo other) | patch -s tracked && cat tracked", "other", ("patch",)
    ),
    Everyday(
        "(sleep 0.05; echo later > bg) & wait; cat bg",
        "later",
        label="jobs in the background, until its end",
    ),
    Everyday("timeout 0.1 sleep 5 || echo stopped", "stopped"),
    Everyday("trap 'echo trapped' EXIT; kill -0 $$", "trapped"),
    Everyday("ps -o comm= -p $$; true", "bash", ("ps",)),
    Everyday("nproc && df . > /dev/null && du -s . && date && id -un && uname", "Linux"),
    Everyday(
        "strace -f -o trace true && grep -c execve trace",
        "1",
        ("strace",),
        label="`strace` of its own processes",
    ),
    Everyday("openssl rand -hex 4 | wc -c", "9", ("openssl",)),
    Everyday("echo x > /dev/null && head -c 4 /dev/urandom | wc -c", "4"),
    Everyday("awk '{print NR}' tracked && perl -e 'print 1+1' && echo", "2"),
    Everyday(
        "vim -es -N -u NONE -c '%s/content/vim/' -c wq tracked </dev/null; cat tracked",
        "vim",
        ("vim",),
    ),
    Everyday(
        "python3 -m http.server 8765 --bind 127.0.0.1 >/dev/null 2>&1 & "
        "curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:8765/tracked",
        "content",
        ("curl",),
        "loopback",
        (("landlock", NO_NAMESPACE),),
        label="a development server and its client, with network `loopback`",
    ),
    Everyday(
        'python3 -c \'import pty; pty.spawn(["echo", "on a terminal"])\'',
        "on a terminal",
        not_held=(("landlock", NO_TERMINAL),),
        label="a program on a terminal of its own (`script`, `pexpect`)",
    ),
    Everyday(
        "python3 -c 'import socket; s = socket.socketpair(); s[0].send(b\"pair\"); print(s[1].recv(9))'",
        "pair",
    ),
    Everyday(
        "echo x > /tmp/by-name && cat /tmp/by-name",
        "x",
        not_held=(("landlock", "`/tmp` is outside, `$TMPDIR` is not"),),
        label="a file in `/tmp` by its name",
    ),
    Everyday(
        "git -c user.name=x -c user.email=x@x commit -qam z && git log --oneline",
        "z",
        not_held=(("bubblewrap", WRITES_GIT),),
        label="`git commit`",
    ),
    Everyday(
        "git push -q ../outside/bare HEAD:refs/heads/new",
        not_held=everywhere(WRITES_OUTSIDE),
        label="`git push`, to a folder too",
    ),
    Everyday(
        "npm install -g --offline ../outside/tiny-1.0.0.tgz",
        needs=("npm",),
        not_held=everywhere(WRITES_OUTSIDE),
        label="`npm install -g`",
    ),
    Everyday(
        "git config --global user.name x",
        not_held=everywhere(WRITES_OUTSIDE),
        label="`git config --global`",
    ),
    Everyday(
        "cat ~/.ssh/id_ed25519",
        not_held=everywhere("hidden"),
        label="reading a key in `~/.ssh`",
    ),
)


def table() -> str:
    """The rows that have a label, as Markdown."""
    head = f"| | {' | '.join(MECHANISMS.values())} |"
    rows = (
        f"| {row.label} | {' | '.join(_cell(row, one) for one in MECHANISMS)} |"
        for row in EVERYDAY
        if row.label
    )
    return "\n".join([head, "|" + "---|" * (len(MECHANISMS) + 1), *rows])


def _cell(row: Everyday, mechanism: str) -> str:
    reason = dict(row.not_held).get(mechanism)
    return f"asks: {reason}" if reason else "runs"


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
